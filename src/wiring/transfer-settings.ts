// Config → the listener that takes mail out of other nodes' queues, and how to reach such a listener of another node.

import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { type HandoverListener, startHandoverListener } from '../queue/transfer/transfer-listener.ts'
import type { RemoteSettings } from '../queue/transfer/remote-receiver.ts'
import type { Log } from '../observe/json-log.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

export interface HandoverParts {
  readonly queue: OpenQueue
  readonly log: Log
  readonly tls: () => TlsMaterial | null
  /** A message was taken. */
  readonly taken: () => void
}

/** Null where the configuration asks for none. Rejects if the address cannot be had. */
export async function startHandover(config: Config, parts: HandoverParts): Promise<HandoverListener | null> {
  if (!config.queue_transfer) return null
  const { queue, log, taken } = parts
  const { host, port } = config.queue_transfer.listen
  const settings = { host, port, name: config.hostname, peers: fingerprints(config, config.queue_transfer.peers) }
  const tls = () => {
    const material = parts.tls()
    if (!material) throw new Error('queue_transfer needs a certificate')
    return material
  }
  const told = {
    notice: (message: string, fields: Readonly<Record<string, unknown>>) => log.warn(fields, message),
    bug: (error: unknown, context: string) => log.bug(error, context),
  }
  return startHandoverListener(settings, { queue, tls, taken, log: told })
}

/** Fingerprints of the peers of these roles, of all where none are named. */
function fingerprints(config: Config, roles: readonly string[] = Object.keys(config.peers)): ReadonlySet<string> {
  return new Set(roles.flatMap((role) => (config.peers[role] ?? []).flatMap((peer) => peer.fingerprints)))
}

/**
 * Settings to reach the listener of another node: known by the fingerprints given, else by those of that peer or of all peers, else by
 * our CA and its name. Null without a certificate of our own or any way to know the other one.
 */
export function remoteSettings(
  config: Config,
  to: { readonly host: string; readonly port: number; readonly fingerprints: readonly string[] },
): RemoteSettings | null {
  if (!config.tls) return null
  const { certificate, key, ca } = config.tls
  const own = Object.values(config.peers).flatMap((peers) =>
    peers.filter(({ host }) => host === to.host).flatMap((peer) => peer.fingerprints),
  )
  const known = new Set(to.fingerprints.length > 0 ? to.fingerprints : own.length > 0 ? own : fingerprints(config))
  if (known.size === 0 && ca === null) return null
  return { host: to.host, port: to.port, certificate, key, ca, fingerprints: known }
}
