// Attaches a message to a new message of the node (RFC 2046 5.2.1), for destinations that would reject it under its own author. Every
// octet of the attached message stays unchanged, so that its signatures stay valid.

import { writeField } from './field.ts'
import { formatDate } from './date.ts'
import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'
import { hopFieldKeys } from './hops.ts'
import { makeMessageId, readMessageId } from './message-id.ts'

export interface Wrapping {
  /** The header section of the attached message, with the empty line at its end. */
  readonly header: Buffer
  readonly fields: readonly Field[]
  /** Fields with the new author (via-author.ts). */
  readonly author: Buffer
  /** A text that never repeats: part of the Message-ID and of the MIME boundary. */
  readonly unique: string
  readonly hostname: string
  readonly at: number
  /** The message needs 8BITMIME (RFC 6152), or SMTPUTF8 because of UTF-8 header fields (RFC 6532). */
  readonly bits: '7bit' | '8bit' | 'utf8'
  /** Text for the recipient that explains the attachment: lines of ASCII. */
  readonly explanation: readonly string[]
}

export interface Wrapped {
  /** The header section without trace field and signature, with the empty line at its end. */
  readonly header: Buffer
  /** The octets before and after the attached message. */
  readonly before: Buffer
  readonly after: Buffer
  readonly messageId: string
}

/**
 * Fields that the new message copies: recipients, subject, addresses for replies, and marks of automatic messages, so that no program
 * replies.
 */
const takenOver = ['to', 'cc', 'reply-to', 'subject', 'date', 'auto-submitted', 'precedence', 'list-id', 'tls-required']

export function wrap(wrapping: Wrapping): Wrapped {
  const { fields, unique, hostname, bits } = wrapping
  const boundary = `=_${unique}.wrapped`
  const messageId = makeMessageId(`${unique}.wrapped`, hostname)
  const inside = readMessageId(fields)
  const first = (name: string) => fieldsNamed(fields, name).find(({ value }) => value !== '')
  const transfer = bits === '7bit' ? [] : [Buffer.from('Content-Transfer-Encoding: 8bit\r\n')]
  const header = Buffer.concat([
    // Earlier hops and forwards count for loop detection at any depth of attachment.
    ...fields.filter((field) => hopFieldKeys.includes(field.key)).map((field) => field.raw),
    wrapping.author,
    ...takenOver.flatMap((name) => first(name)?.raw ?? []),
    ...(first('date') ? [] : [writeField('Date', formatDate(wrapping.at))]),
    writeField('Message-ID', messageId),
    ...(inside === null ? [] : [writeField('References', inside)]),
    writeField('MIME-Version', '1.0'),
    writeField('Content-Type', `multipart/mixed; boundary="${boundary}"`),
    ...transfer,
    Buffer.from('\r\n'),
  ])
  const part = (text: string) => Buffer.from(`${text}\r\n`)
  const type = bits === 'utf8' ? 'message/global' : 'message/rfc822'
  const before = Buffer.concat([
    part(`--${boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n`),
    ...wrapping.explanation.map(part),
    part(`\r\n--${boundary}\r\nContent-Type: ${type}`),
    ...transfer,
    part(''),
    wrapping.header,
  ])
  return { header, before, after: part(`\r\n--${boundary}--`), messageId }
}
