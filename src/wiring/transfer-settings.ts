// Config → the settings of the listener that accepts queue transfers, and of the client that sends them.

import type { Config } from '../config/config.ts'
import type { RemoteSettings } from '../queue/transfer/remote-receiver.ts'
import type { TransferListenerSettings } from '../queue/transfer/transfer-listener.ts'

/** Null if the configuration has no transfer listener. */
export function transferListenerSettings(config: Config): TransferListenerSettings | null {
  if (!config.queue_transfer) return null
  const { listen, peers } = config.queue_transfer
  return { host: listen.host, port: listen.port, name: config.hostname, peers: fingerprints(config, peers) }
}

/** Certificate fingerprints of the peers of these roles; of all peers if no roles are named. */
function fingerprints(config: Config, roles: readonly string[] = Object.keys(config.peers)): ReadonlySet<string> {
  return new Set(roles.flatMap((role) => (config.peers[role] ?? []).flatMap((peer) => peer.fingerprints)))
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
