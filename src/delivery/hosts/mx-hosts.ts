// The MX hosts of a domain (dns/mx.ts) in the order to try (RFC 5321 5.1): equal ones shuffled, and what it means for a mail if there
// are none. If we are listed, only hosts better than ourselves remain; if there are none, it is a loop.

import { lookupMx, type MxGroup } from '../../dns/mx.ts'
import type { Resolver } from '../../dns/resolver.ts'
import type { Random } from '../../lib/random.ts'
import { shuffle } from './shuffle.ts'

export interface MxHost {
  readonly host: string
  readonly preference: number
  readonly authentic: boolean
}

export type MxHosts =
  | { readonly kind: 'exchangers'; readonly exchangers: readonly MxHost[] }
  | { readonly kind: 'none'; readonly permanent: boolean; readonly status: string; readonly reply: string }

export async function findMxHosts(
  domain: string,
  settings: { readonly ourNames: ReadonlySet<string> },
  ports: { readonly resolver: Resolver; readonly random: Random },
): Promise<MxHosts> {
  const found = await lookupMx(ports.resolver, domain)
  switch (found.kind) {
    case 'unavailable':
      return none(false, '4.4.3', `MX look-up of ${domain} failed: ${found.cause}`)
    case 'null-mx':
      return none(true, '5.1.10', `Domain ${domain} takes no mail (null MX)`)
    case 'absent':
      if (found.nxdomain) return none(true, '5.1.2', `Domain ${domain} does not exist`)
      return none(true, '5.4.4', `Domain ${domain} has no mail host and no address`)
    case 'implicit':
      return inOrder(domain, [{ preference: 0, hosts: [found.host] }], { ...settings, ...ports, ...found })
    case 'hosts':
      return inOrder(domain, found.groups, { ...settings, ...ports, ...found })
  }
}

/** Hosts whose addresses are asked for: each look-up can take seconds, and a domain may list thousands. */
const HOST_LIMIT = 20

/** Groups come by preference: from the one that names us on, none may be tried. */
function inOrder(
  domain: string,
  groups: readonly MxGroup[],
  by: { readonly ourNames: ReadonlySet<string>; readonly random: Random; readonly authentic: boolean },
): MxHosts {
  const ours = groups.findIndex((group) => group.hosts.some((host) => by.ourNames.has(host)))
  const better = ours < 0 ? groups : groups.slice(0, ours)
  if (better.length === 0) return none(true, '5.4.6', `Mail for ${domain} loops back to this host`)
  const exchangers = better.flatMap(({ hosts, preference }) =>
    shuffle(hosts, by.random).map((host) => ({ host, preference, authentic: by.authentic })),
  )
  return { kind: 'exchangers', exchangers: exchangers.slice(0, HOST_LIMIT) }
}

function none(permanent: boolean, status: string, reply: string): MxHosts {
  return { kind: 'none', permanent, status, reply }
}
