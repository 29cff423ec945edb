// SPF records of domains and of host names (RFC 7208).

import type { FleetDomain, FleetNode } from '../fleet/fleet-model.ts'

const results = { fail: '-all', softfail: '~all' } as const

/** The record of a domain: its sending nodes by address or by name, then the other services. */
export function domainSpf({ senders, records }: FleetDomain): string {
  const { by, include, all } = records.spf
  const nodes = [...new Set(senders.flatMap((node) => (by === 'names' ? byName(node) : byAddress(node.sources))))]
  return ['v=spf1', ...nodes, ...include.map((domain) => `include:${domain}`), results[all]].join(' ')
}

/** The record of a host name, which counts for the null sender (RFC 7208 2.4) and for HELO (RFC 7208 2.3). */
export function heloSpf({ addresses, sources }: FleetNode): string {
  const isOwn = sources.every((source) => addresses.includes(source))
  return ['v=spf1', ...(isOwn ? ['a'] : byAddress(sources)), '-all'].join(' ')
}

/** `a:` covers the addresses of the name; a node that sends from others has these in the record. */
function byName({ hostname, addresses, sources }: FleetNode): readonly string[] {
  const others = sources.filter((source) => !addresses.includes(source))
  const isNamed = sources.some((source) => addresses.includes(source))
  return [...(isNamed ? [`a:${hostname}`] : []), ...byAddress(others)]
}

function byAddress(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`)
}
