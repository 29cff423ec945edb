// Starts what informs the operator without a question: alerts, and the weekly digest.

import type { Config } from '../config/config.ts'
import { type AlertPorts, watchAlerts } from './alert-watch.ts'
import { type DigestPorts, watchDigest } from './digest-watch.ts'
import { fleetClient, type FleetPorts } from './status-nodes.ts'

export interface InformPorts extends Omit<DigestPorts, 'fleet' | 'queue'>, Pick<FleetPorts, 'certificate'> {
  readonly health: AlertPorts['health']
  /** For the ledger of the digest, and for the refusals that alerts follow. */
  readonly queue: DigestPorts['queue'] & AlertPorts['queue']
  readonly stops: AsyncDisposableStack
}

/** Both end with the node. */
export function informOperator(config: Config, { stops, ...ports }: InformPorts): void {
  const alerts = watchAlerts(config, ports)
  stops.defer(() => alerts?.close())
  const fleet = fleetClient(config, ports)
  const digest = watchDigest(config, { ...ports, fleet })
  stops.defer(() => digest?.close())
}
