// What /healthz says, as numbers: an alert has to fire for whatever stops or hinders a node, and before the disk or the certificate ends.

import type { Clock } from '../lib/clock.ts'
import { checkHealth, type Health, type HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource, GaugeValue } from '../observe/metrics.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { NodeState } from './node-state.ts'

export interface HealthGaugeParts {
  readonly checks: readonly HealthCheck[]
  readonly queue: Pick<Queue, 'health'>
  readonly state: Pick<NodeState, 'tls'>
  readonly clock: Clock
}

/** Compares with nothing in a rule, where 0 would alarm. */
const UNKNOWN = Number.NaN

const numbers: Readonly<Record<Health['kind'], number>> = { ok: 0, degraded: 1, failing: 2 }

export function healthGauges({ checks, queue, state, clock }: HealthGaugeParts): GaugeSource[] {
  return [
    {
      name: 'waypost_health',
      help: 'The answers of /healthz, by check: 0 ok, 1 degraded, 2 failing.',
      labels: ['check'],
      read: async () => {
        const report = await checkHealth(checks, clock)
        return Object.entries(report.checks).map(([check, { kind }]) => ({ labels: { check }, value: numbers[kind] }))
      },
    },
    {
      name: 'waypost_queue_free_octets',
      help: 'Room on the disk of the queue; NaN while it fails.',
      labels: [],
      read: async () => {
        const health = await queue.health()
        return one(health.kind === 'failing' ? UNKNOWN : health.freeBytes)
      },
    },
    {
      name: 'waypost_queue_lost_bodies',
      help: 'Messages held since the start because their body is missing or damaged; NaN while the disk is full or fails.',
      labels: [],
      read: async () => {
        const health = await queue.health()
        return one(health.kind === 'ok' ? (health.lostBodies ?? 0) : UNKNOWN)
      },
    },
    {
      name: 'waypost_certificate_expires_seconds',
      help: 'When the certificate in use ends, as seconds since 1970; NaN without one.',
      labels: [],
      read: () => one(state.tls ? state.tls.expiresAt / 1000 : UNKNOWN),
    },
  ]
}

function one(value: number): GaugeValue[] {
  return [{ labels: {}, value }]
}
