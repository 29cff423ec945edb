// A mail as an attachment of a new one of ours (RFC 2046 5.2.1): for destinations that would refuse it under its own author.
// Every octet of it stays as it came, its own signatures with it.

import { writeField } from './field.ts'
import { formatDate } from './date.ts'
import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'
import { hopFieldKeys } from './hops.ts'
import { makeMessageId, readMessageId } from './message-id.ts'

export interface Wrapping {
  /** The header section of the mail inside, complete with the empty line at its end. */
  readonly header: Buffer
  readonly fields: readonly Field[]
  /** Fields that say who it is from now (via-author.ts). */
  readonly author: Buffer
  /** Never used before and nowhere else: names the message and parts its bodies. */
  readonly unique: string
  readonly hostname: string
  readonly at: number
  /** Does it need the eighth bit (RFC 6152), or headers in UTF-8 (RFC 6532)? */
  readonly bits: '7bit' | '8bit' | 'utf8'
  /** Why there is an attachment, for its reader: lines of ASCII. */
  readonly explanation: readonly string[]
}

export interface Wrapped {
  /** Everything but trace and signature, with the empty line at its end. */
  readonly header: Buffer
  /** What stands before the mail's own octets, and behind them. */
  readonly before: Buffer
  readonly after: Buffer
  readonly messageId: string
}

/**
 * Fields that the new mail takes over: for whom and about what it is, where answers go, and that a program wrote it, so that no program
 * answers it.
 */
const takenOver = ['to', 'cc', 'reply-to', 'subject', 'date', 'auto-submitted', 'precedence', 'list-id']

export function wrap(wrapping: Wrapping): Wrapped {
  const { fields, unique, hostname, bits } = wrapping
  const boundary = `=_${unique}.wrapped`
  const messageId = makeMessageId(`${unique}.wrapped`, hostname)
  const inside = readMessageId(fields)
  const first = (name: string) => fieldsNamed(fields, name).find(({ value }) => value !== '')
  const transfer = bits === '7bit' ? [] : [Buffer.from('Content-Transfer-Encoding: 8bit\r\n')]
  const header = Buffer.concat([
    // The hops and forwards so far count against loops, however deep the mail is wrapped.
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
