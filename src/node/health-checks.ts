// What "is this node well?" asks: the queue's disk and engine, the certificate's end, whether it drains.

import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { Clock } from '../lib/clock.ts'
import type { Queue, QueueHealth } from '../queue/contract/queue.ts'
import type { NodeState } from './node-state.ts'
import { sourceHealth } from '../wiring/source-addresses.ts'

const DAY_MS = 86_400_000
/** A certificate of a public CA is renewed a month before its end; two weeks before means that renewal has failed. */
const CERTIFICATE_WARNING_MS = 14 * DAY_MS

export interface HealthParts {
  readonly queue: Queue
  readonly clock: Clock
  readonly state: NodeState
}

export function healthChecks(parts: HealthParts): HealthCheck[] {
  return [
    { name: 'queue', check: () => queueHealth(parts.queue) },
    { name: 'certificate', check: () => certificateHealth(parts) },
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

/** How long the certificate is good for; without one there is nothing to say. */
export function certificateHealth({
  state,
  clock,
}: Pick<HealthParts, 'clock'> & { readonly state: Pick<NodeState, 'tls'> }): Health {
  const material = state.tls
  if (!material) return { kind: 'ok' }
  const left = material.expiresAt - clock.now()
  if (left <= 0) return { kind: 'failing', reason: 'the certificate has expired' }
  if (left > CERTIFICATE_WARNING_MS) return { kind: 'ok' }
  return { kind: 'degraded', reason: `the certificate expires in ${Math.floor(left / DAY_MS)} days` }
}
