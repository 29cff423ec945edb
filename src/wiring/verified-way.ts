// Config → to which next hops mail goes over verified TLS only, so that a message with REQUIRETLS may go there (RFC 8689 4.2.1). The host must
// offer REQUIRETLS too, which delivery checks.

import type { Config } from '../config/config.ts'
import { createDestinationRules } from '../delivery/hosts/destination-rules.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import { destinationPolicy, verifiedLevels } from './tls-policy-settings.ts'

type WayConfig = Pick<Config, 'peers' | 'tls' | 'delivery'>

/** Whether delivery verifies the host of each connection to the next hop. */
export function verifiedWay({ tls, delivery }: WayConfig): (nextHop: string) => boolean {
  const rules = createDestinationRules(
    Object.entries(delivery.destinations).map(([key, one]) => ({
      key,
      tls: destinationPolicy(one, delivery),
      profile: null,
      limits: null,
    })),
  )
  return (nextHop) => {
    const hop = parseNextHop(nextHop)
    const ruled = rules.forNextHop(nextHop)?.tls ?? null
    switch (hop?.kind) {
      case 'peers':
        return ruled === null ? Boolean(tls?.ca) : isVerified(ruled)
      case 'mx':
        return isVerified(ruled)
      case 'host':
        return hop.protocol === 'smtp' && isVerified(ruled)
      case 'reports':
        // It never leaves this node.
        return true
      default:
        return false
    }
  }
}

function isVerified(policy: { readonly name: string } | null): boolean {
  return policy !== null && [...verifiedLevels].some((level) => level === policy.name)
}

/** Whether there can be such a next hop, so that listeners offer REQUIRETLS. */
export function hasVerifiedWay({ peers, tls, delivery }: WayConfig): boolean {
  const toPeers = Boolean(tls?.ca) && Object.keys(peers).length > 0
  return (
    toPeers ||
    Object.values(delivery.destinations).some(({ tls: level }) => level !== null && verifiedLevels.has(level))
  )
}
