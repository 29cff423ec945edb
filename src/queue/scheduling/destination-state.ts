// What the scheduler remembers of one destination, and how its concurrency follows the results of deliveries.

import type { Lease } from '../../budget/pool.ts'
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
  /** The hosts accept no more connections than are open: concurrency falls to that number. Nothing was sent. */
  | 'crowded'
  /** Not started (returned to the queue): says nothing. */
  | 'unused'

/**
 * The part of the delivery slots that a destination uses: `fleet` for peers and next hops that the operator configured, `known` for domains
 * that worked lately, `internet` for others.
 */
export const lanes = ['fleet', 'known', 'internet'] as const
export type Lane = (typeof lanes)[number]

/** A connection to its hosts, or the part of reports in the slots. */
export type WaitedFor = 'connections' | 'reports'

/** Times are monotonic milliseconds. */
export interface DestinationState {
  readonly nextHop: string
  /** The hosts are those of a domain; another next hop is one that the operator wrote. */
  readonly isDomain: boolean
  readonly limits: DestinationLimits
  /** Slots of the active deliveries. */
  readonly slots: Lease[]
  /** When a delivery last ended well, or began while none was active. */
  progressAt: number
  /** Of the active deliveries, those whose claim is not answered yet. */
  reserved: number
  /** Concurrent deliveries allowed; fractions count up to the next whole one. */
  limit: number
  /** The limit at which the hosts last accepted no more connections; null if they always did. */
  crowdedAt: number | null
  /** Unreachable: no delivery before this time; 0 for none. */
  suspendedUntil: number
  /** No delivery before this time (rate limit, or the destination asked for a pause); 0 for none. */
  pausedUntil: number
  /** No delivery before this time because what it waits for is in use, unless it becomes free earlier; 0 for none. */
  waitsUntil: number
  waitsFor: WaitedFor
  /** The lane in whose ring it waits to start a delivery; null if it does not. */
  ready: Lane | null
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
  /** Remaining time of a wait for what is in use, ms; 0 for none. */
  readonly waitsMs: number
}

export function newDestination(nextHop: string, limits: DestinationLimits): DestinationState {
  return {
    nextHop,
    isDomain: nextHop.startsWith('mx:'),
    limits,
    slots: [],
    progressAt: 0,
    reserved: 0,
    limit: limits.initialConcurrency,
    crowdedAt: null,
    suspendedUntil: 0,
    pausedUntil: 0,
    waitsUntil: 0,
    waitsFor: 'connections',
    ready: null,
  }
}

/** Growth per success after the hosts accepted no more connections: each try to have one more costs a look-up of the hosts. */
const SLOW_STEP = 0.05

/**
 * Postfix's concurrency feedback: `limit` grows by one per `limit` successes and shrinks by one per trouble. After `unreachable`, one
 * delivery probes the destination from the monotonic time `probeAt` on.
 */
export function applyVerdict(destination: DestinationState, verdict: DeliveryVerdict, probeAt: number): void {
  switch (verdict) {
    case 'worked':
      destination.suspendedUntil = 0
      destination.limit = Math.min(destination.limits.maximalConcurrency, destination.limit + growth(destination))
      break
    case 'trouble':
      destination.limit = Math.max(1, destination.limit - 1)
      break
    case 'unreachable':
      destination.limit = 1
      destination.suspendedUntil = probeAt
      break
    case 'crowded':
      destination.limit = Math.max(1, Math.min(destination.limit, destination.slots.length))
      destination.crowdedAt = destination.limit
      break
    case 'unused':
  }
}

function growth({ limit, limits, crowdedAt }: DestinationState): number {
  if (crowdedAt !== null && limit >= crowdedAt) return SLOW_STEP
  return limit < limits.initialConcurrency ? 1 : 1 / limit
}

export function viewOf(destination: DestinationState, backlog: DestinationBacklog, monotonic: number): DestinationView {
  const { nextHop, slots, limit, suspendedUntil, pausedUntil, waitsUntil } = destination
  const { waiting, earliestAttemptAt } = backlog
  return {
    nextHop,
    waiting,
    earliestAttemptAt,
    active: slots.length,
    limit: Math.floor(limit),
    suspendedMs: Math.max(0, suspendedUntil - monotonic),
    pausedMs: Math.max(0, pausedUntil - monotonic),
    waitsMs: Math.max(0, waitsUntil - monotonic),
  }
}
