// Every enhanced status code that Waypost sends (RFC 3463 and its registry, RFC 5248), with its meaning and the RFC that defines it.
// A test rejects a reply with a status that is not in this table.

/** By subject and detail; the class (2, 4, 5) comes from the reply. */
const meanings: Readonly<Record<string, string>> = {
  '0.0': 'other or undefined (RFC 3463 3.1)',
  '1.0': 'other address status (RFC 3463 3.2)',
  '1.1': 'no such recipient (RFC 3463 3.2)',
  '1.2': 'no such recipient domain (RFC 3463 3.2)',
  '1.3': 'bad recipient address syntax (RFC 3463 3.2)',
  '1.4': 'recipient address ambiguous (RFC 3463 3.2)',
  '1.5': 'recipient address valid (RFC 3463 3.2)',
  '1.6': 'recipient has moved, no forwarding address (RFC 3463 3.2)',
  '1.7': 'bad sender address syntax (RFC 3463 3.2)',
  '1.8': 'bad sender domain (RFC 3463 3.2)',
  '1.9': 'message relayed to a mailer without DSN (RFC 3886 3.3.4)',
  '1.10': 'recipient domain has a null MX (RFC 7505 4.2)',
  '2.0': 'other mailbox status (RFC 3463 3.3)',
  '2.1': 'mailbox disabled (RFC 3463 3.3)',
  '2.2': 'mailbox full (RFC 3463 3.3)',
  '2.3': 'message too large for the mailbox (RFC 3463 3.3)',
  '2.4': 'mailing list expansion failed (RFC 3463 3.3)',
  '3.0': 'other mail system status (RFC 3463 3.4)',
  '3.1': 'mail system full (RFC 3463 3.4)',
  '3.2': 'system not accepting messages (RFC 3463 3.4)',
  '3.3': 'system lacks a feature the message needs (RFC 3463 3.4)',
  '3.4': 'message too large for this system (RFC 3463 3.4)',
  '3.5': 'system not configured rightly (RFC 3463 3.4)',
  '4.0': 'other network or routing status (RFC 3463 3.5)',
  '4.1': 'no answer from host (RFC 3463 3.5)',
  '4.2': 'connection bad or lost (RFC 3463 3.5)',
  '4.3': 'directory (DNS) failure (RFC 3463 3.5)',
  '4.4': 'unable to route (RFC 3463 3.5)',
  '4.5': 'mail system congested (RFC 3463 3.5)',
  '4.6': 'routing loop (RFC 3463 3.5)',
  '4.7': 'delivery time expired (RFC 3463 3.5)',
  '5.0': 'other protocol status (RFC 3463 3.6)',
  '5.1': 'invalid command or bad order (RFC 3463 3.6)',
  '5.2': 'syntax error (RFC 3463 3.6)',
  '5.3': 'too many recipients (RFC 3463 3.6)',
  '5.4': 'invalid command arguments (RFC 3463 3.6)',
  '5.6': 'authentication exchange line too long (RFC 4954 6)',
  '6.0': 'other message content status (RFC 3463 3.7)',
  '6.1': 'media type not supported (RFC 3463 3.7)',
  '6.3': 'conversion needed but not supported (RFC 3463 3.7)',
  '6.7': 'non-ASCII address not permitted (RFC 6531 3.5)',
  '6.9': 'UTF-8 header cannot go to this recipient (RFC 6531 3.5)',
  '7.0': 'other security or policy status (RFC 3463 3.8)',
  '7.1': 'not authorized: refused by policy (RFC 3463 3.8)',
  '7.2': 'mailing list expansion prohibited (RFC 3463 3.8)',
  '7.4': 'security feature not supported (RFC 3463 3.8)',
  '7.5': 'cryptographic failure (RFC 3463 3.8)',
  '7.8': 'credentials invalid (RFC 4954 6)',
  '7.9': 'authentication mechanism too weak (RFC 4954 6)',
  '7.10': 'encryption needed (RFC 5248 registry)',
  '7.11': 'encryption required for this mechanism (RFC 4954 6)',
  '7.13': 'user account disabled (RFC 5248 registry)',
  '7.20': 'no passing DKIM signature (RFC 7372 3.1)',
  '7.21': 'no acceptable DKIM signature (RFC 7372 3.1)',
  '7.22': 'no valid author-matched DKIM signature (RFC 7372 3.1)',
  '7.23': 'SPF check failed (RFC 7372 3.2)',
  '7.24': 'SPF check error (RFC 7372 3.2)',
  '7.25': 'reverse DNS check failed (RFC 7372 3.3)',
  '7.26': 'several authentication checks failed (RFC 7372 3.4)',
  '7.27': 'sender domain has a null MX (RFC 7505 4.2)',
  '7.28': 'mail flood (RFC 5248 registry)',
  '7.30': 'REQUIRETLS cannot be met (RFC 8689 5)',
}

const shape = /^([245])\.(\d{1,3}\.\d{1,3})$/

/** The meaning of a status and where it is defined; null for one that is malformed or not in the table. */
export function statusMeaning(status: string): string | null {
  const detail = shape.exec(status)?.[2]
  return detail !== undefined && Object.hasOwn(meanings, detail) ? (meanings[detail] as string) : null
}

/** True for the syntax `class.subject.detail` of RFC 3463 section 2. */
export function isStatus(text: string): boolean {
  return shape.test(text)
}

/** The status to report if the peer sent only a reply code: its class with subject and detail 0 (RFC 3464 2.3.4). */
export function statusOfCode(code: number): string {
  return `${code >= 500 ? 5 : code >= 400 ? 4 : 2}.0.0`
}
