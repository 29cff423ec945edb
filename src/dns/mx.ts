// The mail hosts of a domain (RFC 5321 5.1): MX hosts by preference, null MX (RFC 7505), implicit MX, or none.

import { lookupAddresses } from './host-addresses.ts'
import { canonicalName } from './name.ts'
import type { Resolver, Unavailable } from './resolver.ts'

export interface MxGroup {
  readonly preference: number
  /** Hosts of equal preference, which the sender shuffles (RFC 5321 5.1). */
  readonly hosts: readonly string[]
}

export type MxLookup =
  /** Groups by ascending preference. `name` is the domain after CNAMEs (a TLSA base domain candidate, RFC 7672 2.2.1). */
  | { readonly kind: 'hosts'; readonly groups: readonly MxGroup[]; readonly authentic: boolean; readonly name: string }
  /** Null MX: the domain accepts no mail, 556 5.1.10 (RFC 7505 4.2). */
  | { readonly kind: 'null-mx'; readonly authentic: boolean }
  /** No MX record, but addresses: the domain itself is the host. */
  | { readonly kind: 'implicit'; readonly host: string; readonly authentic: boolean }
  /** The name does not exist (`nxdomain`), or has neither MX nor addresses. */
  | { readonly kind: 'absent'; readonly nxdomain: boolean }
  /** The DNS failed. It never counts as absent and never leads to the implicit MX. */
  | Pick<Unavailable, 'kind' | 'cause' | 'isBogus'>

/** Looks up the MX hosts of a domain. */
export async function lookupMx(resolver: Resolver, domain: string): Promise<MxLookup> {
  const answer = await resolver.resolve(domain, 'MX')
  switch (answer.kind) {
    case 'unavailable':
      return answer
    case 'absent':
      if (answer.nxdomain) return { kind: 'absent', nxdomain: true }
      return implicitMx(resolver, domain, answer.authentic)
    case 'found': {
      const usable = answer.records.filter((record) => canonicalName(record.exchange) !== null)
      const isNull = answer.records.some((record) => record.exchange === '')
      // A root exchange together with real hosts is an error of the domain; only the real hosts are used (RFC 7505 3).
      if (usable.length === 0 && isNull) return { kind: 'null-mx', authentic: answer.authentic }
      if (usable.length === 0) return { kind: 'unavailable', cause: `MX of ${domain} names no valid host` }
      return { kind: 'hosts', groups: groupByPreference(usable), authentic: answer.authentic, name: answer.name }
    }
  }
}

async function implicitMx(resolver: Resolver, domain: string, authentic: boolean): Promise<MxLookup> {
  const addresses = await lookupAddresses(resolver, domain)
  if (addresses.kind === 'unavailable') return addresses
  if (addresses.kind === 'absent') return { kind: 'absent', nxdomain: addresses.nxdomain }
  return { kind: 'implicit', host: canonicalName(domain) ?? domain, authentic }
}

function groupByPreference(
  records: readonly { readonly preference: number; readonly exchange: string }[],
): readonly MxGroup[] {
  const groups = new Map<number, string[]>()
  const seen = new Set<string>()
  for (const record of records.toSorted((a, b) => a.preference - b.preference)) {
    // A host that is listed twice keeps its best preference.
    if (seen.has(record.exchange)) continue
    seen.add(record.exchange)
    const hosts = groups.get(record.preference)
    if (hosts) hosts.push(record.exchange)
    else groups.set(record.preference, [record.exchange])
  }
  return [...groups].map(([preference, hosts]) => ({ preference, hosts }))
}
