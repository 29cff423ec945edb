// The addresses of one host in the order to try. Both families alternate, also behind a preferred one: otherwise mail would wait when that
// family is broken.

import { isIP } from 'node:net'
import { type HostAddress, lookupAddresses } from '../../dns/host-addresses.ts'
import { lookupFailure, type Resolver } from '../../dns/resolver.ts'
import type { Random } from '../../lib/random.ts'
import { type NoHosts, noHosts } from './no-hosts.ts'
import { shuffle } from './shuffle.ts'

type UsableAddress = Pick<HostAddress, 'address' | 'authentic'>

export type Addresses =
  | {
      readonly kind: 'addresses'
      readonly addresses: readonly UsableAddress[]
      /** The host after CNAMEs. */
      readonly canonicalHost: string
    }
  | NoHosts

/** The family that is tried first; null for a random one. */
export type PreferredFamily = 'ipv4' | 'ipv6' | null

/** @param host a name or an IP address. If the look-up of one family fails, the other one is enough. */
export async function findAddresses(
  host: string,
  prefer: PreferredFamily,
  ports: { readonly resolver: Resolver; readonly random: Random },
): Promise<Addresses> {
  if (isIP(host) !== 0)
    return { kind: 'addresses', addresses: [{ address: host, authentic: false }], canonicalHost: host }
  const found = await lookupAddresses(ports.resolver, host)
  switch (found.kind) {
    case 'found':
      return {
        kind: 'addresses',
        addresses: alternate(found.addresses, prefer, ports.random),
        canonicalHost: found.name,
      }
    case 'unavailable':
      return noHosts(false, '4.4.3', lookupFailure(`Address look-up of ${host}`, found))
    case 'absent':
      return noHosts(true, '5.4.4', `Host ${host} has no address`)
  }
}

/** One address of each family in turn. Without a preference the first family is random. */
function alternate(addresses: readonly HostAddress[], prefer: PreferredFamily, random: Random): UsableAddress[] {
  const ofFamily = (family: 4 | 6) =>
    shuffle(
      addresses.filter((one) => one.family === family),
      random,
    )
  const isIpv4First = prefer === null ? (random(1)[0] as number) % 2 === 0 : prefer === 'ipv4'
  const [first, second] = isIpv4First ? [ofFamily(4), ofFamily(6)] : [ofFamily(6), ofFamily(4)]
  const order: UsableAddress[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    for (const one of [first[i], second[i]]) if (one) order.push({ address: one.address, authentic: one.authentic })
  }
  return order
}
