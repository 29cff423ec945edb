// The report for a user whose message waited in the drop directory and was then refused: the command has ended with success, so the sender
// must hear of it. A DSN (RFC 3464) that goes through the node like other mail.

import { writeField } from '../message/field.ts'
import { formatDate } from '../message/date.ts'
import { makeMessageId } from '../message/message-id.ts'
import type { Reply } from '../smtp/reply.ts'
import { describe } from './submit.ts'

export interface RefusalNotice {
  readonly hostname: string
  /** From of reports. */
  readonly postmaster: string
  readonly sender: string
  readonly refused: readonly { readonly recipient: string; readonly reply: Reply }[]
  /** The message, of which the header is returned. */
  readonly message: Buffer
  /** Unix milliseconds. */
  readonly at: number
  /** A text that never repeats. */
  readonly unique: string
}

export function writeRefusalNotice(facts: RefusalNotice): Buffer {
  const { hostname, postmaster, sender, refused, message, at, unique } = facts
  const boundary = `waypost-${unique}`
  const end = message.indexOf('\r\n\r\n')
  const header = end < 0 ? message : message.subarray(0, end + 2)
  const names = refused.map(({ recipient, reply }) => `  <${recipient}>: ${describe(reply)}`)
  const status = refused.flatMap(({ recipient, reply }) => [
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    'Action: failed',
    `Status: ${reply.enhanced || '5.0.0'}`,
    `Diagnostic-Code: smtp; ${describe(reply)}`,
  ])
  const head = Buffer.concat([
    writeField('From', `Mail Delivery System <${postmaster}>`),
    writeField('To', `<${sender}>`),
    writeField('Subject', 'Undelivered Mail Returned to Sender'),
    writeField('Date', formatDate(at)),
    writeField('Message-ID', makeMessageId(unique, hostname)),
    writeField('Auto-Submitted', 'auto-replied'),
    writeField('MIME-Version', '1.0'),
    writeField('Content-Type', `multipart/report; report-type=delivery-status; boundary="${boundary}"`),
  ])
  const lines = [
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    `This is the mail system of ${hostname}. Your message could not be sent to:`,
    '',
    ...names,
    '',
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; ${hostname}`,
    ...status,
    '',
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    '',
    '',
  ]
  return Buffer.concat([head, Buffer.from(lines.join('\r\n')), header, Buffer.from(`\r\n--${boundary}--\r\n`)])
}
