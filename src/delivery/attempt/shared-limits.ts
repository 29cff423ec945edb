// Limits that several destinations share because their MX hosts are the same: an entry of `delivery.destinations` that matches a host
// limits all domains of that host together. The hosts are known only after the look-up, so the scheduler, which knows next hops, cannot
// apply these limits. An attempt acquires a slot before it connects, and goes back to the queue if there is none.

import type { Clock } from '../../lib/clock.ts'
import { WaitingHops } from '../slots/waiting-hops.ts'

/** What one entry of the configuration allows. */
export interface SharedLimits {
  /** Its key. */
  readonly name: string
  /** Concurrent mail transactions; null for no limit. */
  readonly concurrency: number | null
  /** Shortest time between the starts of two transactions, ms; 0 for none. */
  readonly intervalMs: number
}

export type Acquisition =
  | { readonly kind: 'acquired' }
  /** Try again after so many ms. `isCalled`: or when the next hop is called because a slot is free. */
  | { readonly kind: 'full'; readonly waitMs: number; readonly isCalled: boolean }

interface LimitState {
  active: number
  /** Start of the last transaction, monotonic ms. */
  lastAt: number
  /** A host accepts no mail until then, monotonic ms. */
  pausedUntil: number
}

export class HostLimiter {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #waiting: WaitingHops
  /** As many as the configuration has entries. */
  readonly #states = new Map<string, LimitState>()

  constructor(clock: Pick<Clock, 'monotonic'>, waiting = new WaitingHops(clock)) {
    this.#clock = clock
    this.#waiting = waiting
  }

  /** Acquires a slot for one mail transaction of a next hop; `release` frees it. */
  acquire(limits: SharedLimits, nextHop: string): Acquisition {
    const now = this.#clock.monotonic()
    const state = this.#state(limits.name)
    const opensIn = Math.max(state.lastAt + limits.intervalMs, state.pausedUntil) - now
    const isFull = limits.concurrency !== null && state.active >= limits.concurrency
    const key = keyOf(limits)
    if (isFull || opensIn > 0) {
      const waitMs = Math.max(opensIn, this.#waiting.add(key, nextHop))
      return { kind: 'full', waitMs, isCalled: opensIn <= 0 }
    }
    state.active++
    state.lastAt = now
    this.#waiting.served(key, nextHop)
    return { kind: 'acquired' }
  }

  release(limits: SharedLimits): void {
    this.#state(limits.name).active--
    this.#waiting.freed(keyOf(limits))
  }

  /** Remaining pause, ms; 0 for none. */
  pausedMs(limits: SharedLimits): number {
    return Math.max(0, this.#state(limits.name).pausedUntil - this.#clock.monotonic())
  }

  /** A host accepts no mail for `ms`: the pause applies to all domains of the entry. */
  pause(limits: SharedLimits, ms: number): void {
    const state = this.#state(limits.name)
    state.pausedUntil = Math.max(state.pausedUntil, this.#clock.monotonic() + ms)
  }

  #state(name: string): LimitState {
    const known = this.#states.get(name)
    if (known) return known
    const state: LimitState = { active: 0, lastAt: Number.NEGATIVE_INFINITY, pausedUntil: 0 }
    this.#states.set(name, state)
    return state
  }
}

function keyOf({ name }: SharedLimits): string {
  return `limit ${name}`
}
