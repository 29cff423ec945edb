// Forward-confirmed reverse DNS: a name that the PTR record of an address holds (RFC 1035 3.5) and whose own addresses include it. A PTR
// record alone proves nothing, because the owner of the address can write any name into it (RFC 8601 2.7.3 "iprev").

import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Clock } from '../lib/clock.ts'
import { addressOctets } from '../lib/ip-address.ts'
import { lookupAddresses } from './host-addresses.ts'
import { askAs } from './ask-as.ts'
import type { Ask, Resolver } from './resolver.ts'

/** The client waits for its greeting during the look-up. After this time it counts as a client without a name. */
export const NAME_LIMIT_MS = 2_000
/** Names checked for one address: shared hosts publish hundreds, and each costs two queries (RFC 7208 4.6.4 allows ten). */
export const MAX_NAMES = 5

export type ClientName =
  /** In lower case, without the final dot. */
  | { readonly kind: 'name'; readonly name: string }
  /** No name, or no name with this address. */
  | { readonly kind: 'none' }
  /** The DNS failed or did not answer in time. */
  | { readonly kind: 'unavailable'; readonly cause: string }

const none: ClientName = { kind: 'none' }
/** A host name (RFC 1123 2.1), with the underscore that some have. Other names are not written into a trace field. */
const hostName = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/

/** The confirmed name of an address, within `NAME_LIMIT_MS`; the signal of `ask` ends the look-up. Rejects only if the resolver rejects. */
export async function confirmedName(
  ip: string,
  ports: { readonly resolver: Resolver; readonly clock: Clock },
  ask: Ask = { purpose: 'optional' },
): Promise<ClientName> {
  const done = new AbortController()
  const end = () => abortQuietly(done)
  ask.signal?.addEventListener('abort', end, { once: true })
  const late = ports.clock.sleep(NAME_LIMIT_MS, done.signal).then(
    (): ClientName => ({ kind: 'unavailable', cause: `no answer within ${NAME_LIMIT_MS} ms` }),
    () => none,
  )
  try {
    return await Promise.race([confirm(ip, askAs(ports.resolver, { ...ask, signal: done.signal })), late])
  } finally {
    ask.signal?.removeEventListener('abort', end)
    abortQuietly(done)
  }
}

async function confirm(ip: string, resolver: Resolver): Promise<ClientName> {
  const own = reverseName(ip)
  if (own === null) return none
  const answer = await resolver.resolve(own, 'PTR')
  if (answer.kind === 'unavailable') return answer
  if (answer.kind === 'absent') return none
  const names = [...new Set(answer.records)].filter((name) => name.length <= 253 && hostName.test(name))
  // In parallel, so that one dead name server does not use up the time. The first confirmed name in order is returned.
  const confirmed = await Promise.all(names.slice(0, MAX_NAMES).map((name) => confirmName(name, own, resolver)))
  return confirmed.find((one) => one.kind === 'name') ?? confirmed.find((one) => one.kind === 'unavailable') ?? none
}

async function confirmName(name: string, own: string, resolver: Resolver): Promise<ClientName> {
  const found = await lookupAddresses(resolver, name)
  if (found.kind === 'unavailable') return found
  if (found.kind === 'absent') return none
  if (found.addresses.some((one) => reverseName(one.address) === own)) return { kind: 'name', name }
  return found.missing === null ? none : { kind: 'unavailable', cause: found.missing }
}

/**
 * The name below which the DNS keeps the records of an address (RFC 1035 3.5, RFC 3596 2.5):
 * `1.2.0.192.in-addr.arpa` for `192.0.2.1`, 32 nibbles below `ip6.arpa` for an IPv6 address; null for a text that is no address. Two
 * spellings of one address have the same name.
 */
export function reverseName(ip: string): string | null {
  const octets = addressOctets(ip)
  if (octets === null) return null
  if (octets.length === 4) return `${octets.toReversed().join('.')}.in-addr.arpa`
  const nibbles = octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
  return `${nibbles.split('').toReversed().join('.')}.ip6.arpa`
}
