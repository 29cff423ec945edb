// What "is this node well?" asks: the queue's disk and engine, the certificate's end, whether it drains.

import { certificateHealth } from '../observe/certificate-health.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { Clock } from '../lib/clock.ts'
import type { Queue, QueueHealth } from '../queue/contract/queue.ts'
import type { NodeState } from './node-state.ts'
import { sourceHealth } from '../wiring/source-addresses.ts'

export interface HealthParts {
  readonly queue: Queue
  readonly clock: Clock
  readonly state: NodeState
}

export function healthChecks(parts: HealthParts): HealthCheck[] {
  return [
    { name: 'queue', check: () => queueHealth(parts.queue) },
    { name: 'certificate', check: () => certificateHealth(parts.state.tls, parts.clock.now()) },
    { name: 'addresses', check: () => (parts.state.addresses ? sourceHealth(parts.state.addresses) : { kind: 'ok' }) },
    { name: 'running', check: () => (parts.state.draining ? { kind: 'failing', reason: 'draining' } : { kind: 'ok' }) },
  ]
}

async function queueHealth(queue: Queue): Promise<Health> {
  const health = await queue.health()
  if (health.kind === 'ok') return { kind: 'ok' }
  if (health.kind === 'full') return { kind: 'failing', reason: `disk nearly full: ${roomLeft(health)}` }
  return { kind: 'failing', reason: health.cause }
}

function roomLeft(health: QueueHealth & { kind: 'full' }): string {
  return health.freeFiles === undefined ? `${health.freeBytes} octets free` : `${health.freeFiles} files (inodes) free`
}
