// Signs of a loop in a header section: the number of servers it passed (RFC 5321 6.3) and the addresses it was delivered to.

import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

/** The field in which a forward records that the message passed it, if Delivered-To cannot (intake/forward-loop.ts). */
export const FORWARDED_FIELD = 'X-Waypost-Forwarded'

/** The fields that reveal a loop, in lower case. A new message made from another one copies them. */
export const hopFieldKeys: readonly string[] = ['received', 'delivered-to', FORWARDED_FIELD.toLowerCase()]

/** The number of Received fields, one for each server that the message passed. */
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
