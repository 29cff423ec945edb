// Links to an IP address in the lines of a body: honest mail has links to names. Text in base64 is not read.

import { isIP } from 'node:net'
import { isPublicAddress } from '../../lib/ip-address.ts'

/** Characters of a line that are searched: mail has lines of at most 998 octets (RFC 5322 2.1.1). */
const LINE_CHARACTERS = 1000

const link =
  /\bhttps?:\/\/(?:[^\s/@"'<>]{0,64}@)?(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:.]{2,45})\])(?=[\s/:?#"'<>)\],;]|$)/gi

/** The first address that the line links to, or null. Private and loopback addresses are those of notices from machines. */
export function linkedAddress(line: string): string | null {
  // Most lines have no link.
  if (!line.includes('://')) return null
  for (const [, v4, v6] of line.slice(0, LINE_CHARACTERS).matchAll(link)) {
    const address = v4 ?? v6 ?? ''
    if (isIP(address) !== 0 && isPublicAddress(address)) return address
  }
  return null
}
