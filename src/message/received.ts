// The trace header of this hop (RFC 5321 4.4, keywords of RFC 3848 and RFC 6531). What the client said about itself is written down as
// its claim, what we saw is in the comment. For submission a switch leaves out client address and HELO: they tell where a person is.

import { literalAddress } from '../smtp/domain.ts'
import { cleanValue, writeField } from './field.ts'
import { formatDate } from './date.ts'

export interface Hop {
  /** Null for the node's own mail, which no client brought. */
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
  /** Our host name. */
  readonly by: string
  readonly queueId: string
  /** The forward-path; only where there is exactly one, as a list would betray blind copies (RFC 5321 7.6). */
  readonly recipient: string | null
  readonly at: number
  /** Leave out who and where the client is (submission). */
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

/** RFC 3848 and RFC 6531 4.3: S after STARTTLS or over TLS, A after AUTH. A certificate alone authenticates nobody by AUTH. */
function protocol(hop: Hop): string {
  if (!hop.client) return 'local'
  if (!hop.client.esmtp) return 'SMTP'
  const base = hop.smtputf8 ? 'UTF8SMTP' : 'ESMTP'
  return `${base}${hop.client.tls ? 'S' : ''}${hop.client.authenticated ? 'A' : ''}`
}

/** The HELO argument if it has the syntax of one; a stranger's free text would otherwise write the rest of our trace header. */
function claimedName(helo: string | null, ip: string): string {
  if (helo !== null && (/^[A-Za-z0-9_.-]{1,255}$/.test(helo) || literalAddress(helo) !== null)) return helo
  return ip.includes(':') ? `[IPv6:${ip}]` : `[${ip}]`
}

function seenName(client: NonNullable<Hop['client']>): string {
  const ip = client.ip.includes(':') ? `[IPv6:${client.ip}]` : `[${client.ip}]`
  return client.name === null ? ip : `${comment(client.name)} ${ip}`
}

/** Text inside a comment: parentheses and backslashes would end or nest it (RFC 5322 3.2.2). */
function comment(text: string): string {
  return cleanValue(text).replace(/[()\\]/g, '?')
}
