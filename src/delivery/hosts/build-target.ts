// An address of a host → the target to connect to, with what the rules set for it.

import { formatNextHop, type NextHop } from '../../smtp/nexthop.ts'
import type { Target } from '../target.ts'
import type { HostPath } from '../tls-policy/host-path.ts'
import type { HostPorts, Hosts, HostSettings } from './host-settings.ts'
import { noHosts } from './no-hosts.ts'
import type { PreferredFamily } from './usable-addresses.ts'

/** TLS from the first octet (RFC 8314 section 7.3). */
const SUBMISSIONS_PORT = 465

const NO_SOURCE = 'The host has only IPv6 addresses, and no IPv6 address of this node has confirmed reverse DNS'

/** What a rule, or the settings for all hosts, set for a target. */
export type Treatment = Pick<Target, 'tls' | 'profile' | 'shared' | 'ownConcurrency'>

/** What a rule can match. */
interface Matched {
  readonly hop: NextHop
  readonly domain: string | null
  readonly host: string | null
}

function ruleOf({ hop, domain, host }: Matched, settings: HostSettings) {
  return settings.ruleFor?.({ nextHop: formatNextHop(hop), domain, host }) ?? null
}

/** The family of addresses to try first. */
export function familyOf(names: Matched, settings: HostSettings): PreferredFamily {
  const prefer = ruleOf(names, settings)?.prefer ?? settings.prefer ?? null
  return prefer === 'both' ? null : prefer
}

export function treatmentOf(names: Matched, settings: HostSettings): Treatment {
  const rule = ruleOf(names, settings)
  return {
    tls: rule?.tls ?? settings.tls,
    ...(rule?.profile ? { profile: rule.profile } : {}),
    ...(rule?.shared ? { shared: rule.shared } : {}),
    ...(rule?.ownConcurrency ? { ownConcurrency: true } : {}),
  }
}

export function tcpTarget(
  parts: Treatment & {
    readonly host: string
    readonly address: string
    readonly port: number
    readonly path: HostPath
    readonly protocol?: 'smtp' | 'lmtp'
  },
): Target {
  const { address, port, protocol = 'smtp', ...rest } = parts
  const implicitTls = protocol === 'smtp' && port === SUBMISSIONS_PORT
  return { ...rest, protocol, endpoint: { kind: 'tcp', address, port }, implicitTls }
}

/** The first targets for which this node has a source address, up to the address limit. */
export function reachableTargets(targets: readonly Target[], settings: HostSettings, ports: HostPorts): Hosts {
  const usable = targets.filter((target) => isReachable(target, ports))
  if (usable.length === 0 && targets.length > 0) return noHosts(false, '4.4.1', NO_SOURCE)
  return { kind: 'targets', targets: usable.slice(0, settings.addressLimit) }
}

export function isReachable({ endpoint, profile }: Target, { mayReach }: HostPorts): boolean {
  return endpoint.kind === 'unix' || !mayReach || mayReach(endpoint.address, profile?.source?.ipv6 ?? null)
}
