// Next hop → the targets to try, in order (RFC 5321 5.1, RFC 7505, RFC 3463). A failed look-up is never an absent name: it defers.
// Equal preference is shuffled, addresses of both families are mixed, so that load and broken families even out.

import type { Resolver } from '../../dns/resolver.ts'
import type { Random } from '../../lib/random.ts'
import { literalAddress } from '../../smtp/domain.ts'
import { formatNextHop, type NextHop, parseNextHop, SMTP_PORT } from '../../smtp/nexthop.ts'
import { findAddresses } from './usable-addresses.ts'
import type { ClientProfile } from '../smtp-client/client-profile.ts'
import type { SharedLimits } from '../attempt/shared-limits.ts'
import { findMxHosts } from './mx-hosts.ts'
import type { HostRule, DestinationNames } from './destination-rules.ts'
import { isNonRoutable } from './non-routable.ts'
import { shuffle } from './shuffle.ts'
import { nonePolicy } from '../tls-policy/opportunistic-policy.ts'
import type { TlsPolicy } from '../tls-policy/tls-policy.ts'
import type { Target } from '../target.ts'

/** One node of ours, or its address list if a role has several. */
export interface Peer {
  /** Host name or IP address. */
  readonly host: string
  readonly port: number
  /** Name that its certificate has to show, where `host` is an address. */
  readonly name?: string
}

export interface HostSettings {
  /** Our own nodes by role. */
  readonly peers: ReadonlyMap<string, readonly Peer[]>
  /** For them: `verify` if the nodes have certificates. */
  readonly peerTls: TlsPolicy
  /** For hosts from MX records and configured next hops, unless a rule of the next hop, domain or host says otherwise. */
  readonly tls: TlsPolicy
  readonly ruleFor?: (place: DestinationNames) => HostRule | null
  /** Port of MX hosts: 25 but for tests and demonstrations. */
  readonly mxPort: number
  /** Our own names and addresses: an MX of equal or worse preference than ourselves is a loop (RFC 5321 5.1). */
  readonly ourNames: ReadonlySet<string>
  readonly ourAddresses: ReadonlySet<string>
  /** Most addresses to try for one mail (Postfix: smtp_mx_address_limit 5). */
  readonly addressLimit: number
}

export const MX_ADDRESS_LIMIT = 5

/** TLS from the first octet (RFC 8314 7.3). */
const SUBMISSIONS_PORT = 465

const NO_SOURCE = 'The host has IPv6 addresses only, and this node has none that it may use (reverse DNS missing)'

export type Hosts =
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  | { readonly kind: 'none'; readonly permanent: boolean; readonly status: string; readonly reply: string }

export interface HostFinder {
  /** Never rejects unless the resolver does. */
  find(nextHop: string): Promise<Hosts>
}

export interface HostPorts {
  readonly resolver: Resolver
  readonly random: Random
  /** May this address of the internet be used, or would we come from an address that nobody trusts? (source-check.ts) */
  readonly mayReach?: (address: string, source: string | null) => boolean
}

export function createHostFinder(settings: HostSettings, ports: HostPorts): HostFinder {
  return {
    find: async (text) => {
      const hop = parseNextHop(text)
      return hop ? find(hop, settings, ports) : none(false, '4.3.5', `Next hop "${text}" is not understood`)
    },
  }
}

function find(hop: NextHop, settings: HostSettings, ports: HostPorts): Promise<Hosts> | Hosts {
  switch (hop.kind) {
    case 'mx':
      return findMx(hop, settings, ports)
    case 'peers':
      return findPeers(hop.role, settings, ports)
    case 'host':
      return findHost(hop, settings, ports)
    case 'socket':
      return targets([
        {
          protocol: 'lmtp',
          host: 'localhost',
          endpoint: { kind: 'unix', path: hop.path },
          tls: nonePolicy,
          implicitTls: false,
          authentic: false,
        },
      ])
  }
}

async function findMx(hop: Extract<NextHop, { kind: 'mx' }>, settings: HostSettings, ports: HostPorts): Promise<Hosts> {
  const port = hop.port === 25 ? settings.mxPort : hop.port
  const literal = literalAddress(hop.domain)
  if (literal !== null) {
    if (isRefused({ address: literal, port })) return noHost(hop.domain)
    const way = wayTo({ hop, domain: null, host: literal }, settings)
    return limited([tcp({ ...way, host: literal, address: literal, port, authentic: false })], settings, ports)
  }
  const found = await findMxHosts(hop.domain, settings, ports)
  if (found.kind === 'none') return found
  const collected: { readonly target: Target; readonly preference: number }[] = []
  let trouble: Extract<Hosts, { kind: 'none' }> | null = null
  /** The best preference at which a host may come back. */
  let mayComeBack = Number.POSITIVE_INFINITY
  for (const exchanger of found.exchangers) {
    if (collected.filter(({ target }) => isReachable(target, ports)).length >= settings.addressLimit) break
    const addresses = await findAddresses(exchanger.host, ports)
    if (addresses.kind === 'none') {
      trouble = worse(trouble, addresses)
      if (!addresses.permanent) mayComeBack = Math.min(mayComeBack, exchanger.preference)
      continue
    }
    const { host, preference } = exchanger
    const way = wayTo({ hop, domain: hop.domain, host }, settings)
    for (const { address, authentic } of addresses.addresses) {
      if (isRefused({ address, port })) continue
      if (settings.ourAddresses.has(address)) {
        // Whoever is as good as ourselves may not be tried either: what is said must not depend on the shuffle.
        const better = collected.filter((one) => one.preference < preference).map(({ target }) => target)
        if (better.length > 0) return limited(better, settings, ports)
        return trouble !== null && mayComeBack < preference ? trouble : loop(hop.domain)
      }
      collected.push({
        target: tcp({ ...way, host, address, port, authentic: authentic && exchanger.authentic }),
        preference,
      })
    }
  }
  if (collected.length === 0) return trouble ?? noHost(hop.domain)
  return limited(
    collected.map(({ target }) => target),
    settings,
    ports,
  )
}

/** On the port of mail a stranger's DNS must not lead to ourselves; another port was the operator's choice. */
function isRefused({ address, port }: { readonly address: string; readonly port: number }): boolean {
  return port === SMTP_PORT && isNonRoutable(address)
}

async function findPeers(role: string, settings: HostSettings, ports: HostPorts): Promise<Hosts> {
  const peers = settings.peers.get(role)
  if (!peers || peers.length === 0) return none(false, '4.3.5', `No nodes of role ${role} are configured`)
  const collected: Target[] = []
  let trouble: Extract<Hosts, { kind: 'none' }> | null = null
  const hop = { kind: 'peers', role } as const
  const way = wayTo({ hop, domain: null, host: null }, { ...settings, tls: settings.peerTls })
  for (const peer of shuffle(peers, ports.random)) {
    const addresses = await findAddresses(peer.host, ports)
    // A peer whose name is missing is our own configuration's mistake: wait for it to be mended.
    if (addresses.kind === 'none')
      trouble = { ...addresses, permanent: false, status: addresses.status.replace(/^5/, '4') }
    else
      for (const { address, authentic } of addresses.addresses) {
        const host = peer.name ?? peer.host
        collected.push(tcp({ ...way, host, address, port: peer.port, authentic }))
      }
  }
  return collected.length > 0 ? targets(collected.slice(0, settings.addressLimit)) : (trouble as Hosts)
}

async function findHost(
  hop: Extract<NextHop, { kind: 'host' }>,
  settings: HostSettings,
  ports: HostPorts,
): Promise<Hosts> {
  const host = hop.host.replace(/^ipv6:/i, '')
  const addresses = await findAddresses(host, ports)
  if (addresses.kind === 'none') {
    // Named by our routing data, not by the sender: a mistake there must not bounce mail at once.
    return addresses.permanent ? none(false, '4.4.4', addresses.reply) : addresses
  }
  const way = wayTo({ hop, domain: null, host }, settings)
  const { protocol, port } = hop
  return limited(
    addresses.addresses.map(({ address, authentic }) => tcp({ ...way, host, address, port, authentic, protocol })),
    settings,
    ports,
  )
}

function tcp(parts: {
  readonly host: string
  readonly address: string
  readonly port: number
  readonly tls: TlsPolicy
  readonly authentic: boolean
  readonly protocol?: 'smtp' | 'lmtp'
  readonly profile?: ClientProfile
  readonly shared?: SharedLimits
}): Target {
  const { address, port, protocol = 'smtp', ...rest } = parts
  const implicitTls = protocol === 'smtp' && port === SUBMISSIONS_PORT
  return { ...rest, protocol, endpoint: { kind: 'tcp', address, port }, implicitTls }
}

/** How to go to a place: what the operator says of it, or what holds for all. */
function wayTo(
  place: { readonly hop: NextHop; readonly domain: string | null; readonly host: string | null },
  settings: HostSettings,
): Pick<Target, 'tls' | 'profile' | 'shared'> {
  const { hop, domain, host } = place
  const rule = settings.ruleFor?.({ nextHop: formatNextHop(hop), domain, host }) ?? null
  return {
    tls: rule?.tls ?? settings.tls,
    ...(rule?.profile ? { profile: rule.profile } : {}),
    ...(rule?.shared ? { shared: rule.shared } : {}),
  }
}

/** Temporary trouble outweighs permanent: as long as one MX may come back, nothing has failed. */
function worse<T extends Extract<Hosts, { kind: 'none' }>>(known: T | null, next: T): T {
  return known && !known.permanent ? known : next
}

function targets(list: readonly Target[]): Hosts {
  return { kind: 'targets', targets: list }
}

/** The first of those that our own addresses may be shown to. */
function limited(list: readonly Target[], settings: HostSettings, ports: HostPorts): Hosts {
  const usable = list.filter((target) => isReachable(target, ports))
  if (usable.length === 0 && list.length > 0) return none(false, '4.4.1', NO_SOURCE)
  return targets(usable.slice(0, settings.addressLimit))
}

function isReachable({ endpoint, profile }: Target, { mayReach }: HostPorts): boolean {
  return endpoint.kind === 'unix' || !mayReach || mayReach(endpoint.address, profile?.source?.ipv6 ?? null)
}

function noHost(domain: string): Hosts {
  return none(true, '5.4.4', `No mail host of ${domain} has an address on the internet`)
}

function loop(domain: string): Hosts {
  return none(true, '5.4.6', `Mail for ${domain} loops back to this host`)
}

function none(permanent: boolean, status: string, reply: string): Extract<Hosts, { kind: 'none' }> {
  return { kind: 'none', permanent, status, reply }
}
