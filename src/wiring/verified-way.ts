// Config → to which next hops a message with REQUIRETLS may go (RFC 8689 4.2.1): where TLS is always verified, and where the recipient domain can
// publish how (DANE, MTA-STS). That the host is verified and offers REQUIRETLS is checked by delivery, before MAIL.

import type { Config } from '../config/config.ts'
import type { TlsLevel } from '../config/sections/delivery-destinations.ts'
import { createDestinationRules } from '../delivery/hosts/destination-rules.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import { destinationPolicy, generalPolicy, verifiedLevels } from './tls-policy-settings.ts'

type WayConfig = Pick<Config, 'peers' | 'tls' | 'delivery'>

/** The level at which the recipient domain decides. */
const PUBLISHED: TlsLevel = 'dane'

/** Whether delivery verifies the hosts of the next hop, or finds out whether it can. */
export function verifiedWay({ tls, delivery }: WayConfig): (nextHop: string) => boolean {
  const rules = createDestinationRules(
    Object.entries(delivery.destinations).map(([key, one]) => ({
      key,
      tls: destinationPolicy(one, delivery),
      profile: null,
      limits: null,
    })),
  )
  const general = generalPolicy({ delivery })
  return (nextHop) => {
    const hop = parseNextHop(nextHop)
    const ruled = rules.forNextHop(nextHop)?.tls ?? null
    switch (hop?.kind) {
      case 'peers':
        return ruled === null ? Boolean(tls?.ca) : isVerified(ruled)
      case 'mx':
        return isVerified(ruled ?? general) || (ruled ?? general).name === PUBLISHED
      case 'host':
        return hop.protocol === 'smtp' && isVerified(ruled)
      case 'reports':
      case 'probe':
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
export function hasVerifiedWay({ peers, tls, delivery, role }: WayConfig & Pick<Config, 'role'>): boolean {
  const toPeers = Boolean(tls?.ca) && Object.keys(peers).length > 0
  const toInternet = role.internet !== 'never' && (delivery.tls === PUBLISHED || verifiedLevels.has(delivery.tls))
  return (
    toPeers ||
    toInternet ||
    Object.values(delivery.destinations).some(({ tls: level }) => level !== null && verifiedLevels.has(level))
  )
}
