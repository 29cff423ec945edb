// Starts what informs the operator without a question: alerts, and the weekly digest.

import type { Config } from '../config/config.ts'
import type { HealthReport } from '../observe/health-report.ts'
import type { AlertWatch } from './alert-watch.ts'
import { type DigestPorts, watchDigest } from './digest-watch.ts'
import { fleetClient, type FleetPorts } from './status-nodes.ts'

export interface InformPorts extends Omit<DigestPorts, 'fleet'>, Pick<FleetPorts, 'certificate'> {
  readonly health: () => Promise<HealthReport>
  /** Null without `alerts`. */
  readonly alerts: Pick<AlertWatch, 'start'> | null
  readonly stops: AsyncDisposableStack
}

/** Both end with the node. */
export function informOperator(config: Config, { stops, ...ports }: InformPorts): void {
  ports.alerts?.start(ports.health)
  const fleet = fleetClient(config, ports)
  const digest = watchDigest(config, { ...ports, fleet })
  stops.defer(() => digest?.close())
}
