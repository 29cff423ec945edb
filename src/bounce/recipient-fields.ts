// The fields of one recipient in message/delivery-status (RFC 3464 section 2.3), or in its UTF-8 form (RFC 6533 section 3).

import { formatDate } from '../message/date.ts'
import { writeField } from '../message/field.ts'
import { isAscii } from '../smtp/domain.ts'
import { encodeUtf8Address } from '../smtp/xtext.ts'
import type { ReportRecipient } from './report-facts.ts'

/** RFC 3464 section 2.3.6: the reply of a server has the type `smtp`, a text of this node has not. */
const REMOTE = /^[2-5]\d\d(?:[ -]|$)/
/** Delivery time expired (RFC 3463 section 3.5). The diagnostic has the last reply. */
const EXPIRED = '4.4.7'

/** Complete fields with CRLF. */
export function recipientFields(
  recipient: ReportRecipient,
  is: { readonly utf8: boolean; readonly delayed: boolean },
): Buffer {
  const { remoteHost, reply, willRetryUntil } = recipient
  return Buffer.concat([
    writeField('Original-Recipient', typedAddress(recipient.original, is.utf8)),
    writeField('Final-Recipient', typedAddress(`rfc822;${recipient.address}`, is.utf8)),
    writeField('Action', recipient.action),
    writeField('Status', statusOf(recipient)),
    ...(remoteHost === null ? [] : [writeField('Remote-MTA', `dns; ${remoteHost}`)]),
    ...(reply === '' ? [] : [writeField('Diagnostic-Code', diagnostic(reply, is.utf8))]),
    ...operatorFields(recipient),
    writeField('Last-Attempt-Date', formatDate(recipient.lastAttemptAt)),
    ...(is.delayed && willRetryUntil !== null ? [writeField('Will-Retry-Until', formatDate(willRetryUntil))] : []),
  ])
}

/** Extension fields (RFC 3464 section 2.4), only in reports to the operator. */
function operatorFields({ connection = null, replyClass }: ReportRecipient): Buffer[] {
  if (connection === null) return []
  const about = replyClass ? [writeField('X-Waypost-Class', replyClass)] : []
  return [writeField('X-Waypost-Connection', connection), ...about]
}

/** The status to report: 4.4.7 for an expired recipient. */
export function statusOf(recipient: ReportRecipient): string {
  return recipient.expired ? EXPIRED : recipient.status
}

/** `type; address`. An address beyond ASCII has the type utf-8 and is escaped in a plain DSN (RFC 6533 section 3). */
export function typedAddress(typed: string, utf8: boolean): string {
  const cut = typed.indexOf(';')
  const type = typed.slice(0, cut).trim()
  const address = typed.slice(cut + 1).trim()
  if (isAscii(address) && type.toLowerCase() !== 'utf-8') return `${type};${address}`
  return `utf-8;${encodeUtf8Address(address, utf8)}`
}

/** One line: the reply with its code once, or the text of this node. */
function diagnostic(reply: string, utf8: boolean): string {
  const text = utf8 ? reply : toAscii(reply)
  return `${REMOTE.test(reply) ? 'smtp' : 'X-Waypost'}; ${joinReply(text)}`
}

/** One line, without the repeated code and status of a multi-line reply. */
export function joinReply(reply: string): string {
  if (!REMOTE.test(reply)) return reply.replaceAll('\n', ' ')
  const [first = '', ...rest] = reply.split('\n')
  const prefix = /^\d\d\d[ -]?(\d\.\d{1,3}\.\d{1,3})?/.exec(first)
  const code = first.slice(0, 3)
  const status = prefix?.[1] ?? ''
  const texts = rest.map((line) => {
    const text = line.startsWith(code) ? line.slice(4) : line
    return status !== '' && text.startsWith(status) ? text.slice(status.length).trim() : text.trim()
  })
  return [`${code} ${first.slice(4)}`.trim(), ...texts].filter((text) => text !== '').join(' ')
}

function toAscii(text: string): string {
  // oxlint-disable-next-line no-control-regex -- everything that is not ASCII
  return text.replace(/[^\x00-\x7f]/gu, '?')
}
