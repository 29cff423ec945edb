// The addresses of one host (dns/addresses.ts) in the order to try: both families mixed, for preferring one of them for ever strands
// mail when it is broken.

import { isIP } from 'node:net'
import { type HostAddress, lookupAddresses } from '../../dns/host-addresses.ts'
import type { Resolver } from '../../dns/resolver.ts'
import type { Random } from '../../lib/random.ts'
import { shuffle } from './shuffle.ts'

export type Addresses =
  | { readonly kind: 'addresses'; readonly addresses: readonly Pick<HostAddress, 'address' | 'authentic'>[] }
  | { readonly kind: 'none'; readonly permanent: boolean; readonly status: string; readonly reply: string }

/** `host` may be an IP address. One family's failure does not matter while the other answers. */
export async function findAddresses(
  host: string,
  ports: { readonly resolver: Resolver; readonly random: Random },
): Promise<Addresses> {
  if (isIP(host) !== 0) return { kind: 'addresses', addresses: [{ address: host, authentic: false }] }
  const found = await lookupAddresses(ports.resolver, host)
  switch (found.kind) {
    case 'found':
      return { kind: 'addresses', addresses: mixed(found.addresses, ports.random) }
    case 'unavailable':
      return none(false, '4.4.3', `Address look-up of ${host} failed: ${found.cause}`)
    case 'absent':
      return none(true, '5.4.4', `Host ${host} has no address`)
  }
}

/** One of each family in turn, a coin deciding which comes first: with a limit on addresses both get their chance. */
function mixed(addresses: readonly HostAddress[], random: Random): HostAddress[] {
  const four = shuffle(
    addresses.filter((one) => one.family === 4),
    random,
  )
  const six = shuffle(
    addresses.filter((one) => one.family === 6),
    random,
  )
  const [first, second] = (random(1)[0] as number) % 2 === 0 ? [four, six] : [six, four]
  const order: HostAddress[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    for (const address of [first[i], second[i]]) if (address) order.push(address)
  }
  return order
}

function none(permanent: boolean, status: string, reply: string): Addresses {
  return { kind: 'none', permanent, status, reply }
}
