// Config → what operators look at: the HTTP page of numbers and health, and the gauges of the queue.

import type { Registry } from 'prom-client'
import { startAdmin } from '../admin/http.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { HealthReport } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { QueueStats } from '../queue/contract/queue-control.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

export interface OperatingParts {
  readonly registry: Registry
  readonly health: () => Promise<HealthReport>
  readonly bug: (error: unknown, context: string) => void
}

/** Null where the configuration asks for none. Throws if the address cannot be had. */
export async function openAdmin(config: Config, parts: OperatingParts): Promise<{ close(): Promise<void> } | null> {
  if (!config.admin) return null
  const { listen, allow_remote } = config.admin
  const admin = await startAdmin(
    { host: listen.host, port: listen.port, allowRemote: allow_remote },
    {
      metrics: async () => ({ contentType: parts.registry.contentType, text: await parts.registry.metrics() }),
      health: parts.health,
      bug: parts.bug,
    },
  )
  if (admin.kind === 'refused') throw new Error(`admin.listen ${listen.host}:${listen.port}: ${admin.problem}`)
  return admin
}

/** How long the numbers of the queue hold, ms: counting a long queue takes the store a while, and one scrape asks for several. */
const STATS_HOLD_MS = 5_000

export function queueGauges(queue: OpenQueue, clock: Clock): GaugeSource[] {
  const stats = rememberStats(queue, clock)
  return [
    {
      name: 'waypost_queue_recipients',
      help: 'Queued recipients, by state.',
      labels: ['state'],
      read: async () =>
        Object.entries((await stats()).recipients).map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: 'waypost_queue_messages',
      help: 'Queued messages.',
      labels: [],
      read: async () => [{ labels: {}, value: (await stats()).messages }],
    },
    {
      name: 'waypost_queue_oldest_seconds',
      help: 'Age of the oldest queued message; 0 for an empty queue.',
      labels: [],
      read: async () => {
        const { oldestArrivedAt } = await stats()
        return [{ labels: {}, value: oldestArrivedAt === null ? 0 : (clock.now() - oldestArrivedAt) / 1000 }]
      },
    },
    {
      name: 'waypost_queue_kept_beyond_lifetime',
      help: 'Recipients older than their lifetime that do not expire because a person holds them or suspended their destination.',
      labels: ['why'],
      read: async () =>
        Object.entries((await stats()).keptBeyondLifetime).map(([why, value]) => ({ labels: { why }, value })),
    },
    {
      name: 'waypost_queue_suspended_destinations',
      help: 'Destinations suspended by a person.',
      labels: [],
      read: async () => [{ labels: {}, value: (await stats()).suspended.length }],
    },
  ]
}

function rememberStats(queue: OpenQueue, clock: Clock): () => Promise<QueueStats> {
  let last: { readonly at: number; readonly stats: Promise<QueueStats> } | null = null
  return () => {
    const now = clock.now()
    if (last === null || now - last.at >= STATS_HOLD_MS || now < last.at) last = { at: now, stats: queue.stats() }
    return last.stats
  }
}
