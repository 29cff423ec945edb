// What the scheduler remembers of one destination, and how its concurrency follows the results of deliveries.

import type { DestinationBacklog } from '../contract/queue.ts'

export interface DestinationLimits {
  /** Concurrent deliveries to a destination without a result yet. */
  readonly initialConcurrency: number
  /** The most concurrent deliveries. */
  readonly maximalConcurrency: number
  /** Least time between the starts of two deliveries, ms; 0 for none. */
  readonly intervalMs: number
}

/** What one delivery (one claim) says about its destination. */
export type DeliveryVerdict =
  /** The destination answered, whatever it answered for this message: concurrency grows. */
  | 'worked'
  /** The connection broke, stalled or was refused because of load: concurrency shrinks. */
  | 'trouble'
  /** Connect, DNS or greeting failed for all hosts: no deliveries for a while. */
  | 'unreachable'
  /** Not started (returned to the queue): says nothing. */
  | 'unused'

/** Times are monotonic milliseconds. */
export interface DestinationState {
  readonly nextHop: string
  readonly limits: DestinationLimits
  active: number
  /** Of the active deliveries, those whose claim is not answered yet. */
  reserved: number
  /** Concurrent deliveries allowed; fractions count up to the next whole one. */
  limit: number
  /** Unreachable: no delivery before this time; 0 for none. */
  suspendedUntil: number
  /** No delivery before this time (rate limit, or the destination asked for a pause); 0 for none. */
  pausedUntil: number
  /** In the ring of destinations that may start a delivery. */
  ready: boolean
}

/** One destination for status pages and tests. */
export interface DestinationView extends DestinationBacklog {
  readonly nextHop: string
  readonly active: number
  /** Concurrent deliveries allowed now. */
  readonly limit: number
  /** Remaining time as unreachable, ms; 0 if reachable. */
  readonly suspendedMs: number
  /** Remaining time of a pause, ms; 0 for none. */
  readonly pausedMs: number
}

export function newDestination(nextHop: string, limits: DestinationLimits): DestinationState {
  return {
    nextHop,
    limits,
    active: 0,
    reserved: 0,
    limit: limits.initialConcurrency,
    suspendedUntil: 0,
    pausedUntil: 0,
    ready: false,
  }
}

/**
 * Postfix's concurrency feedback: `limit` grows by one per `limit` successes and shrinks by one per trouble. After `unreachable`, one
 * delivery probes the destination from the monotonic time `probeAt` on.
 */
export function applyVerdict(destination: DestinationState, verdict: DeliveryVerdict, probeAt: number): void {
  const { initialConcurrency, maximalConcurrency } = destination.limits
  if (verdict === 'worked') {
    destination.suspendedUntil = 0
    const step = destination.limit < initialConcurrency ? 1 : 1 / destination.limit
    destination.limit = Math.min(maximalConcurrency, destination.limit + step)
  } else if (verdict === 'trouble') destination.limit = Math.max(1, destination.limit - 1)
  else if (verdict === 'unreachable') {
    destination.limit = 1
    destination.suspendedUntil = probeAt
  }
}

export function viewOf(destination: DestinationState, backlog: DestinationBacklog, monotonic: number): DestinationView {
  const { nextHop, active, limit, suspendedUntil, pausedUntil } = destination
  const { waiting, earliestAttemptAt } = backlog
  return {
    nextHop,
    waiting,
    earliestAttemptAt,
    active,
    limit: Math.floor(limit),
    suspendedMs: Math.max(0, suspendedUntil - monotonic),
    pausedMs: Math.max(0, pausedUntil - monotonic),
  }
}
