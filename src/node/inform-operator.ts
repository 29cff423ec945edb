// Starts what informs the operator without a question: alerts, and the weekly digest.

import type { Config } from '../config/config.ts'
import { createFleetClient, type FleetClient } from '../fleet-view/fleet-client.ts'
import { fleetNodes } from '../wiring/fleet-settings.ts'
import { type AlertPorts, watchAlerts } from './alert-watch.ts'
import { type DigestPorts, watchDigest } from './digest-watch.ts'

export interface InformPorts extends Omit<DigestPorts, 'fleet' | 'queue'> {
  readonly health: AlertPorts['health']
  readonly queue: DigestPorts['queue'] & AlertPorts['queue']
  readonly stops: AsyncDisposableStack
}

export function informOperator(config: Config, { stops, ...ports }: InformPorts): void {
  const alerts = watchAlerts(config, ports)
  stops.defer(() => alerts?.close())
  const digest = watchDigest(config, { ...ports, fleet: fleetOf(config, ports) })
  stops.defer(() => digest?.close())
}

/** The other nodes, for a node that names them; null for every other one. */
function fleetOf(config: Config, { clock }: Pick<InformPorts, 'clock'>): FleetClient | null {
  const fleet = config.fleet_view ? fleetNodes(config) : null
  return fleet?.kind === 'nodes' ? createFleetClient(fleet.nodes, clock) : null
}
