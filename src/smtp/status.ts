// Every enhanced status code that Waypost says (RFC 3463 and its registry, RFC 5248), with its meaning and where it is defined.
// One table, so that code, documentation and tests speak of the same statuses; a test refuses a status that is not here.

export interface StatusMeaning {
  readonly meaning: string
  readonly rfc: string
}

/** By subject and detail; the class (2, 4, 5) comes from the reply. */
const meanings: Readonly<Record<string, StatusMeaning>> = {
  '0.0': { meaning: 'other or undefined', rfc: 'RFC 3463 3.1' },
  '1.0': { meaning: 'other address status', rfc: 'RFC 3463 3.2' },
  '1.1': { meaning: 'no such recipient', rfc: 'RFC 3463 3.2' },
  '1.2': { meaning: 'no such recipient domain', rfc: 'RFC 3463 3.2' },
  '1.3': { meaning: 'bad recipient address syntax', rfc: 'RFC 3463 3.2' },
  '1.4': { meaning: 'recipient address ambiguous', rfc: 'RFC 3463 3.2' },
  '1.5': { meaning: 'recipient address valid', rfc: 'RFC 3463 3.2' },
  '1.6': { meaning: 'recipient has moved, no forwarding address', rfc: 'RFC 3463 3.2' },
  '1.7': { meaning: 'bad sender address syntax', rfc: 'RFC 3463 3.2' },
  '1.8': { meaning: 'bad sender domain', rfc: 'RFC 3463 3.2' },
  '1.9': { meaning: 'message relayed to a mailer without DSN', rfc: 'RFC 3886 3.3.4' },
  '1.10': { meaning: 'recipient domain has a null MX', rfc: 'RFC 7505 4.2' },
  '2.0': { meaning: 'other mailbox status', rfc: 'RFC 3463 3.3' },
  '2.1': { meaning: 'mailbox disabled', rfc: 'RFC 3463 3.3' },
  '2.2': { meaning: 'mailbox full', rfc: 'RFC 3463 3.3' },
  '2.3': { meaning: 'message too large for the mailbox', rfc: 'RFC 3463 3.3' },
  '2.4': { meaning: 'mailing list expansion failed', rfc: 'RFC 3463 3.3' },
  '3.0': { meaning: 'other mail system status', rfc: 'RFC 3463 3.4' },
  '3.1': { meaning: 'mail system full', rfc: 'RFC 3463 3.4' },
  '3.2': { meaning: 'system takes no messages now', rfc: 'RFC 3463 3.4' },
  '3.3': { meaning: 'system lacks a feature the message needs', rfc: 'RFC 3463 3.4' },
  '3.4': { meaning: 'message too large for this system', rfc: 'RFC 3463 3.4' },
  '3.5': { meaning: 'system not configured rightly', rfc: 'RFC 3463 3.4' },
  '4.0': { meaning: 'other network or routing status', rfc: 'RFC 3463 3.5' },
  '4.1': { meaning: 'no answer from host', rfc: 'RFC 3463 3.5' },
  '4.2': { meaning: 'connection bad or lost', rfc: 'RFC 3463 3.5' },
  '4.3': { meaning: 'directory (DNS) failure', rfc: 'RFC 3463 3.5' },
  '4.4': { meaning: 'unable to route', rfc: 'RFC 3463 3.5' },
  '4.5': { meaning: 'mail system congested', rfc: 'RFC 3463 3.5' },
  '4.6': { meaning: 'routing loop', rfc: 'RFC 3463 3.5' },
  '4.7': { meaning: 'delivery time expired', rfc: 'RFC 3463 3.5' },
  '5.0': { meaning: 'other protocol status', rfc: 'RFC 3463 3.6' },
  '5.1': { meaning: 'invalid command or bad order', rfc: 'RFC 3463 3.6' },
  '5.2': { meaning: 'syntax error', rfc: 'RFC 3463 3.6' },
  '5.3': { meaning: 'too many recipients', rfc: 'RFC 3463 3.6' },
  '5.4': { meaning: 'invalid command arguments', rfc: 'RFC 3463 3.6' },
  '5.6': { meaning: 'authentication exchange line too long', rfc: 'RFC 4954 6' },
  '6.0': { meaning: 'other message content status', rfc: 'RFC 3463 3.7' },
  '6.1': { meaning: 'media type not supported', rfc: 'RFC 3463 3.7' },
  '6.3': { meaning: 'conversion needed but not supported', rfc: 'RFC 3463 3.7' },
  '6.7': { meaning: 'non-ASCII address not permitted', rfc: 'RFC 6531 3.5' },
  '6.9': { meaning: 'UTF-8 header cannot go to this recipient', rfc: 'RFC 6531 3.5' },
  '7.0': { meaning: 'other security or policy status', rfc: 'RFC 3463 3.8' },
  '7.1': { meaning: 'not authorized: refused by policy', rfc: 'RFC 3463 3.8' },
  '7.2': { meaning: 'mailing list expansion prohibited', rfc: 'RFC 3463 3.8' },
  '7.4': { meaning: 'security feature not supported', rfc: 'RFC 3463 3.8' },
  '7.5': { meaning: 'cryptographic failure', rfc: 'RFC 3463 3.8' },
  '7.8': { meaning: 'credentials invalid', rfc: 'RFC 4954 6' },
  '7.9': { meaning: 'authentication mechanism too weak', rfc: 'RFC 4954 6' },
  '7.10': { meaning: 'encryption needed', rfc: 'RFC 5248 registry' },
  '7.11': { meaning: 'encryption required for this mechanism', rfc: 'RFC 4954 6' },
  '7.13': { meaning: 'user account disabled', rfc: 'RFC 5248 registry' },
  '7.20': { meaning: 'no passing DKIM signature', rfc: 'RFC 7372 3.1' },
  '7.21': { meaning: 'no acceptable DKIM signature', rfc: 'RFC 7372 3.1' },
  '7.22': { meaning: 'no valid author-matched DKIM signature', rfc: 'RFC 7372 3.1' },
  '7.23': { meaning: 'SPF check failed', rfc: 'RFC 7372 3.2' },
  '7.24': { meaning: 'SPF check error', rfc: 'RFC 7372 3.2' },
  '7.25': { meaning: 'reverse DNS check failed', rfc: 'RFC 7372 3.3' },
  '7.26': { meaning: 'several authentication checks failed', rfc: 'RFC 7372 3.4' },
  '7.27': { meaning: 'sender domain has a null MX', rfc: 'RFC 7505 4.2' },
  '7.28': { meaning: 'mail flood', rfc: 'RFC 5248 registry' },
  '7.30': { meaning: 'REQUIRETLS cannot be met', rfc: 'RFC 8689 5' },
}

const shape = /^([245])\.(\d{1,3}\.\d{1,3})$/

/** What a status of ours means; null for one that is malformed or not in the table. */
export function statusMeaning(status: string): StatusMeaning | null {
  const detail = shape.exec(status)?.[2]
  return detail !== undefined && Object.hasOwn(meanings, detail) ? (meanings[detail] as StatusMeaning) : null
}

/** True for the syntax `class.subject.detail` of RFC 3463 section 2. */
export function isStatus(text: string): boolean {
  return shape.test(text)
}

/** The status to report where a peer gave only a reply code: its class and no more (RFC 3464 2.3.4). */
export function statusOfCode(code: number): string {
  return `${code >= 500 ? 5 : code >= 400 ? 4 : 2}.0.0`
}
