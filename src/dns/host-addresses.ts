// Looks up the addresses of a host in both families (RFC 1035, RFC 3596).

import type { DnsAnswer, Resolver, Unavailable } from './resolver.ts'

export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
  /** Of the answer with this address: DANE needs it for the address that the node connects to (RFC 7672 2.2). */
  readonly authentic: boolean
}

export type AddressLookup =
  /** `authentic` if every answer was. `name` is the host after CNAMEs. `missing` is the cause if the look-up of one family failed, else null. */
  | {
      readonly kind: 'found'
      readonly addresses: readonly HostAddress[]
      readonly authentic: boolean
      readonly name: string
      readonly missing: string | null
    }
  | { readonly kind: 'absent'; readonly nxdomain: boolean; readonly authentic: boolean }
  | Pick<Unavailable, 'kind' | 'cause' | 'isBogus'>

/** A and AAAA of a host, IPv6 first. A failed look-up of one family does not hide the other; absent only if both are. */
export async function lookupAddresses(resolver: Resolver, host: string): Promise<AddressLookup> {
  const [v6, v4] = await Promise.all([resolver.resolve(host, 'AAAA'), resolver.resolve(host, 'A')])
  const addresses = [...family(v6, 6), ...family(v4, 4)]
  const failed = [v6, v4].filter((answer) => answer.kind === 'unavailable')
  const authentic = isAuthentic(v6) && isAuthentic(v4)
  if (addresses.length > 0) {
    const name = v6.kind === 'found' ? v6.name : v4.kind === 'found' ? v4.name : host
    return { kind: 'found', addresses, authentic, name, missing: failed[0]?.cause ?? null }
  }
  // A family that is bogus says more than one that does not answer.
  const worst = failed.find(({ isBogus }) => isBogus) ?? failed[0]
  if (worst) return worst
  const nxdomain = v4.kind === 'absent' && v4.nxdomain
  return { kind: 'absent', nxdomain, authentic }
}

function family(answer: DnsAnswer<string>, version: 4 | 6): HostAddress[] {
  if (answer.kind !== 'found') return []
  return answer.records.map((address) => ({ address, family: version, authentic: answer.authentic }))
}

function isAuthentic(answer: DnsAnswer<string>): boolean {
  return answer.kind !== 'unavailable' && answer.authentic
}
