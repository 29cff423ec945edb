// Config → the nodes of the fleet that a command or a page asks.

import type { Config } from '../config/config.ts'
import type { FleetNode } from '../fleet-view/fleet-client.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { remoteSettings } from './transfer-settings.ts'

/** The port of the transfer listener where the configuration names none. */
const FLEET_PORT = 4465

export type FleetSettings =
  | { readonly kind: 'nodes'; readonly nodes: readonly FleetNode[] }
  /** Why no node can be asked, for an operator. */
  | { readonly kind: 'none'; readonly problem: string }

/** The other nodes of `fleet_view.nodes`, else of `peers`. */
export function fleetNodes(config: Config): FleetSettings {
  const { fleet_view: view, queue_transfer: transfer, peers, hostname } = config
  const port = transfer?.listen.port ?? FLEET_PORT
  const hosts = Object.values(peers).flatMap((each) => each.map(({ host }) => ({ host, port: 0, fingerprints: [] })))
  const written = view && view.nodes.length > 0 ? view.nodes : hosts
  const wanted = written
    .map((one) => ({ ...one, port: one.port === 0 ? port : one.port }))
    .filter(({ host }) => host !== hostname)
  const byName = new Map(wanted.map((one) => [nameOf(one, port), one]))
  if (byName.size === 0)
    return {
      kind: 'none',
      problem: 'found no other node, expected fleet_view.nodes or peers: which nodes are the fleet?',
    }
  if (!config.tls)
    return {
      kind: 'none',
      problem: 'tls: found nothing, expected a certificate and a key: the other nodes authenticate this one',
    }
  const nodes = [...byName].map(([name, one]) => {
    const settings = remoteSettings(config, one)
    return settings && { name, role: roleOf(config, one.host), ...settings }
  })
  const known = nodes.filter((one) => one !== null)
  return known.length === nodes.length
    ? { kind: 'nodes', nodes: known }
    : {
        kind: 'none',
        problem: 'found no fingerprints of the other nodes, expected them in fleet_view.nodes or peers, or tls.ca',
      }
}

function roleOf({ peers }: Config, wanted: string): string | null {
  return Object.keys(peers).find((role) => peers[role]?.some(({ host }) => host === wanted)) ?? null
}

function nameOf(one: { readonly host: string; readonly port: number }, usual: number): string {
  return one.port === usual ? one.host : formatEndpoint(one)
}
