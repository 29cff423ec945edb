// The health of a node as numbers, for alerts: the result of each check, free space, lost bodies, expiry of the certificate.

import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { checkHealth, type Health, type HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource, GaugeValue } from '../observe/metrics.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Expiring } from './health-checks.ts'

export interface HealthGaugeParts {
  readonly checks: readonly HealthCheck[]
  readonly queue: Pick<Queue, 'health'>
  readonly certificate: Current<Expiring | null>
  readonly clock: Clock
}

/** Every comparison in an alert rule is false for NaN; 0 would raise an alert. */
const UNKNOWN = Number.NaN

const levels: Readonly<Record<Health['kind'], number>> = { ok: 0, degraded: 1, failing: 2 }

export function healthGauges({ checks, queue, certificate, clock }: HealthGaugeParts): GaugeSource[] {
  return [
    {
      name: 'waypost_health',
      help: 'Results of the health checks: 0 ok, 1 degraded, 2 failing.',
      labels: ['check'],
      read: async () => {
        const report = await checkHealth(checks, clock)
        return Object.entries(report.checks).map(([check, { kind }]) => ({ labels: { check }, value: levels[kind] }))
      },
    },
    {
      name: 'waypost_clock_timestamp_seconds',
      help: 'Unix time by the clock of the node at the scrape, to compare it with the clock of the monitor.',
      labels: [],
      read: () => one(clock.now() / 1000),
    },
    {
      name: 'waypost_queue_free_bytes',
      help: 'Free space on the file system of the queue; NaN while the queue fails.',
      labels: [],
      read: async () => {
        const health = await queue.health()
        return one(health.kind === 'failing' ? UNKNOWN : health.freeBytes)
      },
    },
    {
      name: 'waypost_queue_lost_bodies',
      help: 'Messages held since the start because their body is missing or damaged; NaN while the queue is full or fails.',
      labels: [],
      read: async () => {
        const health = await queue.health()
        return one(health.kind === 'ok' ? (health.lostBodies ?? 0) : UNKNOWN)
      },
    },
    {
      name: 'waypost_certificate_expiry_timestamp_seconds',
      help: 'Unix time at which a certificate of the node expires, by its key in the YAML: `tls`, `tls.more.0`. None without a certificate.',
      labels: ['key'],
      read: () => (certificate.value ? expiries(certificate.value) : []),
    },
  ]
}

function expiries({ expiresAt, more = [] }: Expiring): GaugeValue[] {
  const further = more.map((each, index) => ({ labels: { key: `tls.more.${index}` }, value: each.expiresAt / 1000 }))
  return [{ labels: { key: 'tls' }, value: expiresAt / 1000 }, ...further]
}

function one(value: number): GaugeValue[] {
  return [{ labels: {}, value }]
}
