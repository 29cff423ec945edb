// Which nodes of a fleet see each other: `fleet_view` and `queue_transfer` of their node.yaml. Every node may ask every other one for status and
// traces, by the fingerprints of its keys. None may search for addresses or transfer a queue.

import { formatEndpoint, readEndpoint } from '../lib/endpoint.ts'
import type { Fleet, FleetNode, Settings } from './fleet-model.ts'
import { isMap } from './merge-settings.ts'

/** Where a node answers if the settings have nothing else. */
const VIEW_PORT = 4465
/** As in the section `fleet_view`. A larger fleet writes its lists itself: every node would ask every other one. */
const MOST_NODES = 100

/** Empty for a node that neither asks nor answers. */
export function viewSettings(node: FleetNode, { nodes }: Pick<Fleet, 'nodes'>): Settings {
  const others = nodes.filter((other) => other !== node && isViewed(other))
  if (!isViewed(node) || others.length === 0 || others.length > MOST_NODES) return {}
  const asked = others.filter((other) => portOf(other) !== null)
  return {
    ...(portOf(node) === null ? {} : { queue_transfer: { listen: `*:${portOf(node)}` } }),
    fleet_view: {
      ...(portOf(node) === null
        ? {}
        : { peers: others.map((other) => ({ name: other.hostname, fingerprints: fingerprintsOf(other) })) }),
      nodes: asked.map((other) => ({ host: hostOf(other), fingerprints: fingerprintsOf(other) })),
    },
  }
}

/** The port for the other nodes; null for a node that does not answer. */
export function viewPort(node: FleetNode, fleet: Pick<Fleet, 'nodes'>): number | null {
  return 'queue_transfer' in viewSettings(node, fleet) ? portOf(node) : null
}

/**
 * A certificate has to prove a node. Client hosts have many programs and are many: they do not see the fleet. `fleet_view: null` in the
 * settings excludes a node.
 */
function isViewed({ publicKeys, role, settings }: FleetNode): boolean {
  return publicKeys.length > 0 && role.recipients.own !== 'relay-to-mta' && settings.fleet_view !== null
}

/** Null: the settings have no listener. */
function portOf({ settings: { queue_transfer: transfer } }: FleetNode): number | null {
  if (transfer === null) return null
  const listen = isMap(transfer) ? transfer.listen : undefined
  return (typeof listen === 'string' ? readEndpoint(listen)?.port : undefined) ?? VIEW_PORT
}

function hostOf(node: FleetNode): string {
  const port = portOf(node) ?? VIEW_PORT
  return port === VIEW_PORT ? node.hostname : formatEndpoint({ host: node.hostname, port })
}

function fingerprintsOf({ publicKeys }: FleetNode): readonly string[] {
  return publicKeys.map((key) => `sha256:${key}`)
}
