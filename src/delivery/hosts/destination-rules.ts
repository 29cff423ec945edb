// What the operator says about single destinations: which entry counts for a next hop, a domain or a host. One entry counts, the most
// specific: the next hop as written, then the domain, then the host, then the longest pattern `*.example.net`, then `*`.

import type { DestinationLimits } from '../../queue/scheduling/destination-state.ts'
import { formatNextHop, parseNextHop } from '../../smtp/nexthop.ts'
import type { ClientProfile } from '../smtp-client/client-profile.ts'
import type { SharedLimits } from '../attempt/shared-limits.ts'
import type { TlsPolicy } from '../tls-policy/tls-policy.ts'

/** Towards one host. */
export interface HostRule {
  /** Null: the policy of all other hosts. */
  readonly tls: TlsPolicy | null
  readonly profile: ClientProfile | null
  /** Limits of an entry that counts because of the host: all next hops that lead there share them. */
  readonly shared?: SharedLimits
}

export interface DestinationRule extends HostRule {
  /** A next hop, a domain or host name, `*.name` or `*`. */
  readonly key: string
  /** Of one next hop, where the entry is found by that or its domain: those are the scheduler's. */
  readonly limits: Partial<DestinationLimits> | null
}

/** Where a mail is about to go. */
export interface DestinationNames {
  /** In the form of `formatNextHop`. */
  readonly nextHop: string
  /** Whose MX are asked, or null. */
  readonly domain: string | null
  readonly host: string | null
}

export interface DestinationRules {
  forHost(place: DestinationNames): DestinationRule | null
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

/** A next hop in the one form it is compared in, or a name in lower case. */
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
