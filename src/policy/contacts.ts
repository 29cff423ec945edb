// The addresses that stay reachable for a client that is refused or asked to wait by mistake (RFC 5321 4.5.1, RFC 2142 section 4).

import { splitAddress } from '../smtp/mailbox.ts'

const contacts: ReadonlySet<string> = new Set(['postmaster', 'abuse'])

export function isContact(forwardPath: string): boolean {
  return contacts.has(splitAddress(forwardPath).local.toLowerCase())
}
