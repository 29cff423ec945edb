// The name below which the DNS keeps the records of an address (RFC 1035 3.5, RFC 3596 2.5). Two spellings of one address have the same
// name, so it also shows whether two addresses are equal.

import { addressOctets } from '../lib/ip-address.ts'

/** `1.2.0.192.in-addr.arpa` of `192.0.2.1`, 32 nibbles below `ip6.arpa` of an IPv6 address; null if the text is no address. */
export function reverseName(ip: string): string | null {
  const octets = addressOctets(ip)
  if (octets === null) return null
  if (octets.length === 4) return `${octets.toReversed().join('.')}.in-addr.arpa`
  const nibbles = octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
  return `${nibbles.split('').toReversed().join('.')}.ip6.arpa`
}
