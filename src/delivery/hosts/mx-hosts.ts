// The MX hosts of a domain in the order to try (RFC 5321 section 5.1), or the reply if there are none. If this node is among them, only hosts
// of better preference remain; without any, it is a loop.

import { lookupMx, type MxGroup } from '../../dns/mx.ts'
import { lookupFailure, type Resolver } from '../../dns/resolver.ts'
import type { Random } from '../../lib/random.ts'
import { type NoHosts, noHosts } from './no-hosts.ts'
import { shuffle } from './shuffle.ts'

export interface MxHost {
  readonly host: string
  readonly preference: number
}

export type MxHosts =
  | {
      readonly kind: 'hosts'
      readonly hosts: readonly MxHost[]
      /** DNSSEC validated the MX records, or proved that there are none. */
      readonly authentic: boolean
      /** The domain after CNAMEs. */
      readonly canonicalDomain: string
    }
  | NoHosts

export async function findMxHosts(
  domain: string,
  settings: { readonly ourNames: ReadonlySet<string> },
  ports: { readonly resolver: Resolver; readonly random: Random },
): Promise<MxHosts> {
  const found = await lookupMx(ports.resolver, domain)
  switch (found.kind) {
    case 'unavailable':
      return noHosts(false, '4.4.3', lookupFailure(`MX look-up of ${domain}`, found))
    case 'null-mx':
      return noHosts(true, '5.1.10', `Domain ${domain} accepts no mail (null MX)`)
    case 'absent':
      if (found.nxdomain) return noHosts(true, '5.1.2', `Domain ${domain} does not exist`)
      return noHosts(true, '5.4.4', `Domain ${domain} has no mail host and no address`)
    case 'implicit':
      return inOrder(domain, [{ preference: 0, hosts: [found.host] }], {
        ...settings,
        ...ports,
        ...found,
        name: found.host,
      })
    case 'hosts':
      return inOrder(domain, found.groups, { ...settings, ...ports, ...found })
  }
}

/** Hosts whose addresses are looked up: each look-up can take seconds, and a domain may list thousands. */
const HOST_LIMIT = 20

/** The groups are sorted by preference. The group that contains this node, and all after it, must not be tried. */
function inOrder(
  domain: string,
  groups: readonly MxGroup[],
  by: {
    readonly ourNames: ReadonlySet<string>
    readonly random: Random
    readonly authentic: boolean
    readonly name: string
  },
): MxHosts {
  const ours = groups.findIndex((group) => group.hosts.some((host) => by.ourNames.has(host)))
  const better = ours < 0 ? groups : groups.slice(0, ours)
  if (better.length === 0) return loopReply(domain)
  const hosts = better.flatMap((group) =>
    shuffle(group.hosts, by.random).map((host) => ({ host, preference: group.preference })),
  )
  return { kind: 'hosts', hosts: hosts.slice(0, HOST_LIMIT), authentic: by.authentic, canonicalDomain: by.name }
}

export function loopReply(domain: string): NoHosts {
  return noHosts(true, '5.4.6', `Mail for ${domain} loops back to this host`)
}
