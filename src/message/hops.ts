// Signs of a loop in a header section: how many servers it passed (RFC 5321 6.3) and whom it was already delivered to.

import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

/** Where a forward of ours writes that the mail has passed it, if not as Delivered-To (intake/forward-loop.ts). */
export const FORWARDED_FIELD = 'X-Waypost-Forwarded'

/** The fields by which a loop is found; lower case. Who makes a new mail of one takes them over. */
export const hopFieldKeys: readonly string[] = ['received', 'delivered-to', FORWARDED_FIELD.toLowerCase()]

/** Received fields, each a server that had the message. */
export function countHops(fields: readonly Field[]): number {
  return fieldsNamed(fields, 'received').length
}

/** True if a Delivered-To field names the address, in any case, with or without angle brackets. */
export function deliveredTo(fields: readonly Field[], address: string): boolean {
  const wanted = address.toLowerCase()
  return fieldsNamed(fields, 'delivered-to').some(
    (field) =>
      field.value
        .replace(/^<(.*)>$/, '$1')
        .trim()
        .toLowerCase() === wanted,
  )
}
