// Config → metrics, health and the page that serves them. Every ledger entry reaches log and counters after its commit.

import { Registry } from 'prom-client'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { checkHealth } from '../observe/health-report.ts'
import type { Log } from '../observe/json-log.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { directoryGauges, directoryHealth } from './directory-health.ts'
import type { Observed } from './directory-health.ts'
import { healthChecks } from './health-checks.ts'
import { healthGauges } from './health-gauges.ts'
import type { NodeState } from './node-state.ts'
import { openAdmin, queueGauges } from './operator-page.ts'
import type { SpamWatch } from '../wiring/spam-watch.ts'

export interface ObservationParts {
  readonly queue: OpenQueue
  readonly clock: Clock
  readonly log: Log
  readonly state: NodeState
  readonly sources: () => Observed
  readonly spam: SpamWatch | null
}

/** Starts to observe; the answer closes the page. */
export async function observeNode(config: Config, parts: ObservationParts): Promise<{ close(): Promise<void> }> {
  const { queue, clock, log, state, sources, spam } = parts
  const registry = new Registry()
  const checks = [...healthChecks({ queue, clock, state }), directoryHealth(sources), ...(spam ? [spam.health] : [])]
  const metrics = createMetrics(registry, {
    gauges: [
      ...queueGauges(queue, clock),
      ...healthGauges({ checks, queue, state, clock }),
      ...directoryGauges(sources, clock),
      ...(spam ? [spam.numbers] : []),
    ],
    process: true,
  })
  queue.follow((events) => {
    for (const event of events) {
      log.event(event)
      metrics.record(event)
    }
  })
  const admin = await openAdmin(config, {
    registry,
    bug: (error, context) => log.bug(error, context),
    health: () => checkHealth(checks, clock),
  })
  return { close: async () => admin?.close() }
}
