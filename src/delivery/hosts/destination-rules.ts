// Finds the entry of `delivery.destinations` for a next hop, a domain or a host. The most specific entry counts: the next hop as written,
// then the domain, then the host, then the longest pattern `*.example.net`, then `*`.

import type { DestinationLimits } from '../../queue/scheduling/destination-state.ts'
import { formatNextHop, parseNextHop } from '../../smtp/nexthop.ts'
import type { ClientProfile } from '../smtp-client/client-profile.ts'
import type { SharedLimits } from '../attempt/shared-limits.ts'
import type { TlsPolicy } from '../tls-policy/tls-policy.ts'

/** What an entry sets for one host. */
export interface HostRule {
  /** Null: the policy of all other hosts. */
  readonly tls: TlsPolicy | null
  readonly profile: ClientProfile | null
  /** The family of addresses that is tried first; `both` for none. Absent: as for all other hosts. */
  readonly prefer?: 'ipv4' | 'ipv6' | 'both'
  /** The limits of an entry that matches the host: all next hops with this host share them. */
  readonly shared?: SharedLimits
  /** True if the entry sets the number of connections. */
  readonly ownConcurrency?: boolean
}

export interface DestinationRule extends HostRule {
  /** A next hop, a domain or host name, `*.name` or `*`. */
  readonly key: string
  /** For one next hop, if the entry matches it or its domain; the scheduler applies them. */
  readonly limits: Partial<DestinationLimits> | null
}

/** What an entry can match. */
export interface DestinationNames {
  /** In the form of `formatNextHop`. */
  readonly nextHop: string
  /** The domain whose MX records are looked up; null for other next hops. */
  readonly domain: string | null
  readonly host: string | null
}

export interface DestinationRules {
  forHost(names: DestinationNames): DestinationRule | null
  forNextHop(nextHop: string): DestinationRule | null
}

export function createDestinationRules(rules: readonly DestinationRule[]): DestinationRules {
  const exact = new Map<string, DestinationRule>()
  const patterns: { readonly suffix: string; readonly rule: DestinationRule }[] = []
  for (const rule of rules) {
    if (rule.key.startsWith('*')) patterns.push({ suffix: rule.key.slice(1).toLowerCase(), rule })
    else exact.set(normalKey(rule.key), rule)
  }
  patterns.sort((a, b) => b.suffix.length - a.suffix.length)
  const find = (names: readonly string[]) => {
    for (const name of names) {
      const rule = exact.get(name)
      if (rule) return rule
    }
    return patterns.find(({ suffix }) => suffix === '' || names.some((name) => name.endsWith(suffix)))?.rule ?? null
  }
  return {
    forHost: ({ nextHop, domain, host }) => {
      const rule = find([nextHop, domain, host].filter((name) => name !== null))
      return rule?.limits && rule !== find(namesOf(nextHop))
        ? { ...rule, shared: sharedOf(rule.key, rule.limits) }
        : rule
    },
    forNextHop: (nextHop) => find(namesOf(nextHop)),
  }
}

function sharedOf(name: string, { maximalConcurrency, intervalMs }: Partial<DestinationLimits>): SharedLimits {
  return { name, concurrency: maximalConcurrency ?? null, intervalMs: intervalMs ?? 0 }
}

/** A next hop in normal form, or a name in lower case. */
function normalKey(key: string): string {
  const hop = parseNextHop(key)
  return hop ? formatNextHop(hop) : key.toLowerCase()
}

function namesOf(nextHop: string): string[] {
  const hop = parseNextHop(nextHop)
  if (!hop) return [nextHop]
  const name = hop.kind === 'mx' ? [hop.domain] : hop.kind === 'host' ? [hop.host] : []
  return [formatNextHop(hop), ...name]
}
