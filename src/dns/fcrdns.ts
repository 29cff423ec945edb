// Forward-confirmed reverse DNS: the name of a client that its address claims (PTR, RFC 1035 3.5) and that claims the address in turn.
// Neither direction alone proves anything: anybody may write any name into his own reverse zone (RFC 8601 2.7.3 "iprev").

import type { Clock } from '../lib/clock.ts'
import { addressOctets } from '../lib/ip-address.ts'
import { lookupAddresses } from './host-addresses.ts'
import type { Resolver } from './resolver.ts'

/** A client waits for its greeting meanwhile; whoever's DNS is slower has no name here. */
export const NAME_LIMIT_MS = 2_000
/** Names tried of one address: shared hosts publish hundreds, and each costs two questions (RFC 7208 4.6.4 stops at ten). */
export const MAX_NAMES = 5

export type ClientName =
  /** In lower case, without the final dot. */
  | { readonly kind: 'name'; readonly name: string }
  /** No name, or none that leads back. */
  | { readonly kind: 'none' }
  /** The DNS could not tell, or not in time. */
  | { readonly kind: 'unavailable'; readonly cause: string }

const none: ClientName = { kind: 'none' }
/** What a host name may hold (RFC 1123 2.1), and the underscore that some have; anything else goes into no trace header. */
const hostName = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/

/** The confirmed name of an address, within `NAME_LIMIT_MS`. Never rejects unless the resolver does within the limit. */
export async function confirmedName(
  ip: string,
  ports: { readonly resolver: Resolver; readonly clock: Clock },
): Promise<ClientName> {
  const done = new AbortController()
  const late = ports.clock.sleep(NAME_LIMIT_MS, done.signal).then(
    (): ClientName => ({ kind: 'unavailable', cause: `no answer within ${NAME_LIMIT_MS} ms` }),
    () => none,
  )
  try {
    return await Promise.race([confirm(ip, ports.resolver), late])
  } finally {
    done.abort()
  }
}

async function confirm(ip: string, resolver: Resolver): Promise<ClientName> {
  const own = reverseName(ip)
  if (own === null) return none
  const answer = await resolver.resolve(own, 'PTR')
  if (answer.kind === 'unavailable') return answer
  if (answer.kind === 'absent') return none
  const names = [...new Set(answer.records)].filter((name) => name.length <= 253 && hostName.test(name))
  // All at once, so that one dead name server does not use up the time of the others; the first in order counts.
  const confirmed = await Promise.all(names.slice(0, MAX_NAMES).map((name) => leadsBack(name, own, resolver)))
  return confirmed.find((one) => one.kind === 'name') ?? confirmed.find((one) => one.kind === 'unavailable') ?? none
}

async function leadsBack(name: string, own: string, resolver: Resolver): Promise<ClientName> {
  const found = await lookupAddresses(resolver, name)
  if (found.kind === 'unavailable') return found
  if (found.kind === 'absent') return none
  if (found.addresses.some((one) => reverseName(one.address) === own)) return { kind: 'name', name }
  return found.missing === null ? none : { kind: 'unavailable', cause: found.missing }
}

/**
 * The name below which the DNS keeps the records of an address (RFC 1035 3.5, RFC 3596 2.5): `1.2.0.192.in-addr.arpa` of `192.0.2.1`, 32 nibbles below `ip6.arpa` of an IPv6 address; null if the text is no address. Equal for two spellings of one address.
 */
export function reverseName(ip: string): string | null {
  const octets = addressOctets(ip)
  if (octets === null) return null
  if (octets.length === 4) return `${octets.toReversed().join('.')}.in-addr.arpa`
  const nibbles = octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
  return `${nibbles.split('').toReversed().join('.')}.ip6.arpa`
}
