// The MTA-STS policy that a node of the fleet serves (RFC 8461 3.3): `mta_sts` of its node.yaml, which has one policy for a list of domains.

import type { Fleet, FleetDomain, FleetNode, Settings } from './fleet-model.ts'

/** What the fleet file decides about it; empty for a node that serves none. */
export function servedPolicy(node: FleetNode, fleet: Pick<Fleet, 'domains'>): Settings {
  const served = domainsServedBy(node, fleet)
  const [first] = served
  const sts = first?.records.mtaSts
  if (!first || !sts) return {}
  return {
    mta_sts: {
      mode: sts.mode,
      mx: first.mx.map(({ hostname }) => hostname),
      max_age: `${Math.round(sts.maxAge / 1000)}s`,
      domains: served.filter((one) => isSamePolicy(one, first)).map(({ name }) => name),
    },
  }
}

/** Domains whose policy is another one than that of an earlier domain at the same node. */
export function conflictingPolicies(fleet: Pick<Fleet, 'domains' | 'nodes'>) {
  return fleet.nodes.flatMap((node) => {
    const served = domainsServedBy(node, fleet)
    const [first] = served
    if (!first) return []
    return served
      .filter((one) => !isSamePolicy(one, first))
      .map(({ name }) => ({ node, domain: name, first: first.name }))
  })
}

function domainsServedBy(node: FleetNode, { domains }: Pick<Fleet, 'domains'>): readonly FleetDomain[] {
  return domains.filter(({ mx, records }) => {
    const servers = records.mtaSts?.servers
    return mx.length > 0 && servers !== undefined && typeof servers !== 'string' && servers.includes(node)
  })
}

function isSamePolicy(one: FleetDomain, other: FleetDomain): boolean {
  const text = ({ mx, records }: FleetDomain) =>
    JSON.stringify([records.mtaSts?.mode, records.mtaSts?.maxAge, mx.map(({ hostname }) => hostname)])
  return text(one) === text(other)
}
