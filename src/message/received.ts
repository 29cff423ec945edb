// The trace field of this hop (RFC 5321 4.4, keywords of RFC 3848 and RFC 6531). The HELO name is the client's claim; the comment holds
// what the node observed. An option omits client address and HELO name of a submission, because they reveal where the user is.

import { literalAddress } from '../smtp/domain.ts'
import { cleanValue, writeField } from './field.ts'
import { formatDate } from './date.ts'

export interface Hop {
  /** Null for messages that the node created. */
  readonly client: {
    readonly helo: string | null
    readonly ip: string
    /** Forward-confirmed reverse name, or null. */
    readonly name: string | null
    readonly esmtp: boolean
    readonly authenticated: boolean
    readonly tls: { readonly version: string; readonly cipher: string } | null
  } | null
  readonly smtputf8: boolean
  /** The host name of the node. */
  readonly by: string
  readonly queueId: string
  /** The forward-path of a message with one recipient. Several would reveal blind copies (RFC 5321 7.6). */
  readonly recipient: string | null
  readonly at: number
  /** Omits name and address of the client (submission). */
  readonly hideClient: boolean
}

/** The complete field, folded, with CRLF. */
export function writeReceived(hop: Hop): Buffer {
  const { client } = hop
  const from = client && !hop.hideClient ? `from ${claimedName(client.helo, client.ip)} (${seenName(client)}) ` : ''
  const tls = client?.tls ? `(${comment(`${client.tls.version} ${client.tls.cipher}`)}) ` : ''
  const recipient = hop.recipient === null ? '' : ` for <${cleanValue(hop.recipient)}>`
  return writeField(
    'Received',
    `${from}by ${hop.by} (Waypost) with ${protocol(hop)} ${tls}id ${hop.queueId}${recipient}; ${formatDate(hop.at)}`,
  )
}

/** RFC 3848 and RFC 6531 4.3: S after STARTTLS or over TLS, A after AUTH. A certificate alone is not an AUTH login. */
function protocol(hop: Hop): string {
  if (!hop.client) return 'local'
  if (!hop.client.esmtp) return 'SMTP'
  const base = hop.smtputf8 ? 'UTF8SMTP' : 'ESMTP'
  return `${base}${hop.client.tls ? 'S' : ''}${hop.client.authenticated ? 'A' : ''}`
}

/** The HELO argument if its syntax is correct. Free text of a client could otherwise forge the rest of the trace field. */
function claimedName(helo: string | null, ip: string): string {
  if (helo !== null && (/^[A-Za-z0-9_.-]{1,255}$/.test(helo) || literalAddress(helo) !== null)) return helo
  return ip.includes(':') ? `[IPv6:${ip}]` : `[${ip}]`
}

function seenName(client: NonNullable<Hop['client']>): string {
  const ip = client.ip.includes(':') ? `[IPv6:${client.ip}]` : `[${client.ip}]`
  return client.name === null ? ip : `${comment(client.name)} ${ip}`
}

/** The text as it can stand in a comment, without parentheses and backslashes, which end or nest it (RFC 5322 3.2.2). */
function comment(text: string): string {
  return cleanValue(text).replace(/[()\\]/g, '?')
}
