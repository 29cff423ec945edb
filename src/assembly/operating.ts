// Config → what operators look at: the HTTP page of numbers and health, and the gauges of the queue.

import type { Registry } from 'prom-client'
import { startAdmin } from '../admin/http.ts'
import type { Config } from '../config/config.ts'
import type { HealthReport } from '../observe/health.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/opened-queue.ts'

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

export function queueGauges(queue: OpenQueue): GaugeSource[] {
  return [
    {
      name: 'waypost_queue_recipients',
      help: 'Queued recipients, by state.',
      labels: ['state'],
      read: async () =>
        Object.entries((await queue.stats()).recipients).map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: 'waypost_queue_messages',
      help: 'Queued messages.',
      labels: [],
      read: async () => [{ labels: {}, value: (await queue.stats()).messages }],
    },
    {
      name: 'waypost_queue_oldest_seconds',
      help: 'Age of the oldest queued message; 0 for an empty queue.',
      labels: [],
      read: async () => {
        const { oldestArrivedAt } = await queue.stats()
        return [{ labels: {}, value: oldestArrivedAt === null ? 0 : (Date.now() - oldestArrivedAt) / 1000 }]
      },
    },
  ]
}
