// Signs of a loop in a header section: how many servers it passed (RFC 5321 6.3) and whom it was already delivered to.

import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

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
