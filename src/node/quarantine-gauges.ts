// The quarantine as numbers and as a health check.

import type { QuarantineSettings } from '../intake/quarantine.ts'
import type { Clock } from '../lib/clock.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

type Reader = Pick<OpenQueue, 'reader'>

/** Part of the space from which on health is degraded: an operator still has time to decide. */
const NEARLY_FULL = 0.8
const DAY_MS = 86_400_000

export function quarantineGauges({ reader }: Reader, clock: Pick<Clock, 'now'>): GaugeSource[] {
  return [
    {
      name: 'waypost_quarantine_messages',
      help: 'Messages that are held in quarantine.',
      labels: [],
      read: async () => [{ labels: {}, value: (await reader.quarantined()).messages }],
    },
    {
      name: 'waypost_quarantine_bytes',
      help: 'Size of the messages in quarantine.',
      labels: [],
      read: async () => [{ labels: {}, value: (await reader.quarantined()).octets }],
    },
    {
      name: 'waypost_quarantine_oldest_seconds',
      help: 'Age of the oldest message in quarantine; 0 without one.',
      labels: [],
      read: async () => {
        const { oldestArrivedAt: oldest } = await reader.quarantined()
        return [{ labels: {}, value: oldest === null ? 0 : Math.max(0, clock.now() - oldest) / 1000 }]
      },
    },
  ]
}

/** Degraded when it is nearly full. Mail that waits for a decision is no fault. */
export function quarantineHealth(
  { reader }: Reader,
  settings: Pick<QuarantineSettings, 'messages' | 'octets'>,
  clock: Pick<Clock, 'now'>,
): HealthCheck {
  return {
    name: 'quarantine',
    check: async () => {
      const { messages, octets, oldestArrivedAt: oldest } = await reader.quarantined()
      const isNearlyFull = messages >= NEARLY_FULL * settings.messages || octets >= NEARLY_FULL * settings.octets
      if (!isNearlyFull) return { kind: 'ok' }
      const days = Math.floor((clock.now() - (oldest ?? clock.now())) / DAY_MS)
      const reason = `the quarantine is nearly full: ${messages} messages, ${octets} octets, the oldest ${days} days old; release, bounce or remove some (waypost queue list --state held)`
      return { kind: 'degraded', reason }
    },
  }
}
