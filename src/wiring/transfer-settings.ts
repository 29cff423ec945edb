// Config → the settings of the listener that accepts queue transfers, and of the client that sends them.

import { isIP } from 'node:net'
import type { Config } from '../config/config.ts'
import { networkMatcher } from '../lib/ip-address.ts'
import type { RemoteSettings } from '../queue/transfer/verified-connection.ts'
import type { TransferListenerSettings } from '../queue/transfer/transfer-listener.ts'
import type { TransferPeer } from '../queue/transfer/transfer-rules.ts'
import { formatNextHop, parseNextHop, PROBE_HOP, REPORTS_HOP } from '../smtp/nexthop.ts'
import type { Origin } from '../smtp/origin.ts'

interface KnownPeer extends TransferPeer {
  readonly addresses: readonly string[]
  readonly fingerprints: readonly string[]
}

/** Null if the configuration has no transfer listener. `transports` are the next hops of the routing data in use. */
export function transferListenerSettings(
  config: Config,
  transports: () => ReadonlySet<string>,
): TransferListenerSettings | null {
  if (!config.queue_transfer) return null
  const { listen, peers: transferring } = config.queue_transfer
  const { peers: viewing = [], search: searching = [] } = config.fleet_view ?? {}
  const isNamed = (names: readonly unknown[], { role, host }: KnownPeer) => names.includes(role) || names.includes(host)
  const peers = [...everyPeer(config), ...viewers(config)]
    .map((peer) => ({
      ...peer,
      mayTransfer: isNamed(transferring, peer),
      mayView: peer.mayView || isNamed(viewing, peer),
      maySearch: isNamed(searching, peer),
    }))
    .filter(({ mayTransfer, mayView }) => mayTransfer || mayView)
  const configured = configuredHops(config)
  return {
    host: listen.host,
    port: listen.port,
    name: config.hostname,
    peers: byFingerprint(peers),
    isPeerAddress: networkMatcher(peers.flatMap(networksOf)),
    rules: {
      roles: new Set(Object.keys(config.peers)),
      origins: admittedOrigins(config),
      internet: config.role.internet,
      nextHops: () => configured.union(transports()),
      messageSize: config.limits.message_size,
    },
  }
}

function everyPeer(config: Config): readonly KnownPeer[] {
  return Object.entries(config.peers).flatMap(([role, nodes]) =>
    nodes.map(({ host, addresses, fingerprints }) => ({
      role,
      host,
      addresses,
      fingerprints,
      mayTransfer: false,
      mayView: false,
    })),
  )
}

/** A node that is listed twice has the rights of both entries, and the role of the one that may transfer. */
function byFingerprint(peers: readonly KnownPeer[]): ReadonlyMap<string, TransferPeer> {
  const known = new Map<string, TransferPeer>()
  for (const { fingerprints, role, host, mayTransfer, mayView, maySearch = false } of peers)
    for (const each of fingerprints) {
      const other = known.get(each)
      const first = other?.mayTransfer ? other : { role, host }
      known.set(each, {
        role: first.role,
        host: first.host,
        mayTransfer: mayTransfer || (other?.mayTransfer ?? false),
        mayView: mayView || (other?.mayView ?? false),
        maySearch: maySearch || (other?.maySearch ?? false),
      })
    }
  return known
}

/** Nodes that may ask and are no peers. */
function viewers({ fleet_view: view }: Config): readonly KnownPeer[] {
  return (view?.peers ?? []).flatMap((one) =>
    typeof one === 'string'
      ? []
      : [
          {
            role: '',
            host: one.name,
            addresses: [],
            fingerprints: one.fingerprints,
            mayTransfer: false,
            mayView: true,
          },
        ],
  )
}

function networksOf({ host, addresses }: KnownPeer): readonly string[] {
  const family = isIP(host)
  return family === 0 ? addresses : [...addresses, `${host}/${family === 4 ? 32 : 128}`]
}

/** The origins that a listener of this node gives to its clients. */
function admittedOrigins({ listeners }: Config): ReadonlySet<Origin['kind']> {
  const kinds = { internet: 'internet', peers: 'peer', users: 'user', machines: 'machine', local: 'local' } as const
  return new Set(listeners.flatMap(({ admit }) => admit.map((each) => kinds[each])))
}

/** The smarthost, the destinations with a host or a socket, and the stores of reports and probes where this node has them. */
function configuredHops({ smarthost, delivery, reports, probe }: Config): ReadonlySet<string> {
  const own = [
    ...(smarthost === undefined ? [] : [smarthost]),
    ...(reports === null ? [] : [REPORTS_HOP]),
    ...(probe === null ? [] : [PROBE_HOP]),
  ]
  const written = [...own, ...Object.keys(delivery.destinations)]
  return new Set(
    written.flatMap((text) => {
      const hop = parseNextHop(text)
      return hop ? [formatNextHop(hop)] : []
    }),
  )
}

/** Certificate fingerprints of all peers. */
function fingerprints(config: Config): ReadonlySet<string> {
  return new Set(everyPeer(config).flatMap((peer) => peer.fingerprints))
}

/**
 * How to reach the transfer listener of another node. Its certificate is verified by the given fingerprints, else by those configured for
 * that host or for all peers, else by our CA and the host name. Null without a certificate of this node, or if nothing can verify the peer.
 */
export function remoteSettings(
  config: Config,
  to: { readonly host: string; readonly port: number; readonly fingerprints: readonly string[] },
): RemoteSettings | null {
  if (!config.tls) return null
  const { certificate, key, ca } = config.tls
  const configured = Object.values(config.peers).flatMap((peers) =>
    peers.filter(({ host }) => host === to.host).flatMap((peer) => peer.fingerprints),
  )
  const known = new Set(
    to.fingerprints.length > 0 ? to.fingerprints : configured.length > 0 ? configured : fingerprints(config),
  )
  if (known.size === 0 && ca === null) return null
  return { host: to.host, port: to.port, certificate, key, ca, fingerprints: known }
}
