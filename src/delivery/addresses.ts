// The addresses of one host (A and AAAA, RFC 3596), both families mixed: preferring one of them for ever strands mail when it is broken.

import { isIP } from 'node:net'
import type { DnsAnswer, Resolver } from '../dns/resolver.ts'
import type { Random } from '../lib/random.ts'
import { shuffle } from './shuffle.ts'

export interface HostAddress {
  readonly address: string
  readonly authentic: boolean
}

export type Addresses =
  | { readonly kind: 'addresses'; readonly addresses: readonly HostAddress[] }
  | { readonly kind: 'none'; readonly permanent: boolean; readonly status: string; readonly reply: string }

/** `host` may be an IP address. One family's failure does not matter while the other answers. */
export async function findAddresses(
  host: string,
  ports: { readonly resolver: Resolver; readonly random: Random },
): Promise<Addresses> {
  if (isIP(host) !== 0) return { kind: 'addresses', addresses: [{ address: host, authentic: false }] }
  const [four, six] = await Promise.all([ports.resolver.resolve(host, 'A'), ports.resolver.resolve(host, 'AAAA')])
  const found = alternate(shuffle(listOf(four), ports.random), shuffle(listOf(six), ports.random), ports.random)
  if (found.length > 0) return { kind: 'addresses', addresses: found }
  const broken = four.kind === 'unavailable' ? four : six
  if (broken.kind === 'unavailable') {
    return {
      kind: 'none',
      permanent: false,
      status: '4.4.3',
      reply: `Address look-up of ${host} failed: ${broken.cause}`,
    }
  }
  return { kind: 'none', permanent: true, status: '5.4.4', reply: `Host ${host} has no address` }
}

function listOf(answer: DnsAnswer<string>): HostAddress[] {
  if (answer.kind !== 'found') return []
  return answer.records.map((address) => ({ address, authentic: answer.authentic }))
}

/** One of each in turn, a coin deciding which comes first: with a limit on addresses both families get their chance. */
function alternate(four: HostAddress[], six: HostAddress[], random: Random): HostAddress[] {
  const [first, second] = (random(1)[0] as number) % 2 === 0 ? [four, six] : [six, four]
  const mixed: HostAddress[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    for (const address of [first[i], second[i]]) if (address) mixed.push(address)
  }
  return mixed
}
