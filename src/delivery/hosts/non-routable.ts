// Addresses at which no other mail host can be (RFC 6890): loopback, "this host", link-local and multicast addresses. A DNS record of
// others that names one would make the node connect to its own services. Private networks are allowed: organisations have mail hosts there.

import { addressClass, type AddressClass, networkMatcher } from '../../lib/ip-address.ts'

const nonRoutable: ReadonlySet<AddressClass | null> = new Set<AddressClass>([
  'unspecified',
  'loopback',
  'linkLocal',
  'multicast',
  'broadcast',
])
/** RFC 1112 section 4. The library's class `reserved` also holds the documentation networks, which test networks use. */
const isReserved = networkMatcher(['240.0.0.0/4'])

/** True for an address that mail must not go to because the DNS of others names it; an IPv4-mapped IPv6 address counts as IPv4. */
export function isNonRoutable(address: string): boolean {
  return nonRoutable.has(addressClass(address)) || isReserved(address)
}
