// Why a destination gets no delivery now, for operators: what the scheduler knows beside the queue.

import type { DestinationBacklog } from '../contract/queue.ts'
import { type DestinationState, viewOf } from './destination-state.ts'

export const waitReasons = [
  /** No host of it could be reached; the next delivery probes it. */
  'unreachable',
  /** Its rate permits the next delivery later. */
  'rate',
  /** A host asked for a pause, or a limit that it shares with other destinations is reached. */
  'pause',
  /** All connections that its hosts accept, or that this node may have there, are in use. */
  'connections',
  /** It waits with a report, and all deliveries of reports that the node may have at a time are running. */
  'reports',
  /** All the deliveries that it may have at a time are running. */
  'concurrency',
  /** All deliveries that the node, or this kind of destination, may have at a time are running. */
  'slots',
] as const

export interface DestinationWait {
  readonly nextHop: string
  readonly reason: (typeof waitReasons)[number]
  /** Unix ms; null if the end of another delivery ends the wait. */
  readonly until: number | null
  /** Deliveries that run now, and how many may. */
  readonly active: number
  readonly limit: number
}

/** Null if the destination waits for nothing: what is due is attempted at once. */
export function destinationWait(
  destination: DestinationState,
  backlog: DestinationBacklog,
  at: { readonly now: number; readonly monotonic: number },
): DestinationWait | null {
  const { nextHop, active, limit, suspendedMs, pausedMs, waitsMs } = viewOf(destination, backlog, at.monotonic)
  const wait = (reason: DestinationWait['reason'], ms: number | null): DestinationWait => ({
    nextHop,
    reason,
    until: ms === null ? null : Math.round(at.now + ms),
    active,
    limit,
  })
  if (backlog.waiting === 0) return null
  if (suspendedMs > 0) return wait('unreachable', suspendedMs)
  if (pausedMs > 0) return wait(pausedMs <= destination.limits.intervalMs ? 'rate' : 'pause', pausedMs)
  if (waitsMs > 0) return wait(destination.waitsFor, waitsMs)
  if (active >= limit) return wait('concurrency', null)
  return destination.ready !== null ? wait('slots', null) : null
}
