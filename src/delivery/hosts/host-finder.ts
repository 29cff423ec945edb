// Next hop → the targets to try, in order (RFC 5321 section 5.1, RFC 7505). A look-up that fails defers: it never means that a name does not
// exist. Hosts of equal preference are shuffled and both address families alternate, so that load and broken networks even out.

import { type NextHop, parseNextHop } from '../../smtp/nexthop.ts'
import type { Target } from '../target.ts'
import { configuredPath } from '../tls-policy/host-path.ts'
import { nonePolicy } from '../tls-policy/opportunistic-policy.ts'
import { familyOf, reachableTargets, tcpTarget, treatmentOf } from './build-target.ts'
import type { HostFinder, HostPorts, Hosts, HostSettings } from './host-settings.ts'
import { findMxTargets } from './mx-targets.ts'
import { type NoHosts, noHosts, weightier } from './no-hosts.ts'
import { shuffle } from './shuffle.ts'
import { findAddresses } from './usable-addresses.ts'

export function createHostFinder(settings: HostSettings, ports: HostPorts): HostFinder {
  return {
    find: async (text) => {
      const hop = parseNextHop(text)
      return hop ? find(hop, settings, ports) : noHosts(false, '4.3.5', `Next hop "${text}" is not valid`)
    },
  }
}

function find(hop: NextHop, settings: HostSettings, ports: HostPorts): Promise<Hosts> | Hosts {
  switch (hop.kind) {
    case 'mx':
      return findMxTargets(hop, settings, ports)
    case 'peers':
      return findPeers(hop.role, settings, ports)
    case 'host':
      return findHost(hop, settings, ports)
    case 'socket':
      return { kind: 'targets', targets: [socketTarget(hop.path)] }
    case 'reports':
      // The report store of a node takes them before this look-up.
      return noHosts(false, '4.3.5', 'This node has no section `reports`, so it reads no reports')
    case 'probe':
      // As for reports.
      return noHosts(false, '4.3.5', 'This node has no section `probe`, so it takes no probes')
  }
}

function socketTarget(path: string): Target {
  return {
    protocol: 'lmtp',
    host: 'localhost',
    endpoint: { kind: 'unix', path },
    tls: nonePolicy,
    implicitTls: false,
    path: configuredPath('localhost'),
  }
}

async function findPeers(role: string, settings: HostSettings, ports: HostPorts): Promise<Hosts> {
  const peers = settings.peers.get(role)
  if (!peers || peers.length === 0) return noHosts(false, '4.3.5', `No nodes of role ${role} are configured`)
  const collected: Target[] = []
  let reason: NoHosts | null = null
  const hop = { kind: 'peers', role } as const
  const treatment = treatmentOf({ hop, domain: null, host: null }, { ...settings, tls: settings.peerTls })
  for (const peer of shuffle(peers, ports.random)) {
    const found = await findAddresses(peer.host, familyOf({ hop, domain: null, host: null }, settings), ports)
    if (found.kind === 'none') {
      reason = weightier(reason, deferring(found))
      continue
    }
    const host = peer.name ?? peer.host
    for (const one of found.addresses)
      collected.push(tcpTarget({ ...treatment, host, address: one.address, port: peer.port, path: pathTo(found, one) }))
  }
  if (collected.length === 0) return reason as NoHosts
  return { kind: 'targets', targets: collected.slice(0, settings.addressLimit) }
}

function pathTo({ canonicalHost }: { readonly canonicalHost: string }, { authentic }: { readonly authentic: boolean }) {
  return { ...configuredPath(canonicalHost), addressAuthentic: authentic }
}

/** A fleet node without an address is an error of the configuration, which must not fail mail. */
function deferring(reason: NoHosts): NoHosts {
  return { ...reason, permanent: false, status: reason.status.replace(/^5/, '4') }
}

async function findHost(
  hop: Extract<NextHop, { kind: 'host' }>,
  settings: HostSettings,
  ports: HostPorts,
): Promise<Hosts> {
  const host = hop.host.replace(/^ipv6:/i, '')
  const found = await findAddresses(host, familyOf({ hop, domain: null, host }, settings), ports)
  // The host comes from routing data, not from the sender: an error there must not fail mail.
  if (found.kind === 'none') return deferring(found)
  const treatment = treatmentOf({ hop, domain: null, host }, settings)
  const { protocol, port } = hop
  const targets = found.addresses.map((one) =>
    tcpTarget({ ...treatment, address: one.address, host, port, protocol, path: pathTo(found, one) }),
  )
  return reachableTargets(targets, settings, ports)
}
