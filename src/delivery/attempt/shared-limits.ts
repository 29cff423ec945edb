// Limits that several destinations share because their MX hosts are the same: an entry of `delivery.destinations` that matches a host
// limits all domains of that host together. The hosts are known only after the look-up, so the scheduler, which knows next hops, cannot
// apply these limits. An attempt acquires a slot before it connects, and goes back to the queue if there is none.

import type { Clock } from '../../lib/clock.ts'

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
  /** Try again after so many ms. */
  | { readonly kind: 'full'; readonly waitMs: number }

/** The first wait for a slot, ms. It doubles each time, so that hundreds of domains of one provider do not ask all the time. */
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000
/** Next hops whose waits are remembered. Beyond it all waits start again, which costs some look-ups. */
const CAPACITY = 10_000

interface LimitState {
  active: number
  /** Start of the last transaction, monotonic ms. */
  lastAt: number
  /** A host accepts no mail until then, monotonic ms. */
  pausedUntil: number
  /** By next hop that found no free slot. */
  readonly waits: Map<string, Wait>
}

interface Wait {
  readonly ms: number
  /** Monotonic ms. A next hop that asks earlier, for another message, does not wait longer for it. */
  readonly until: number
}

export class HostLimiter {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** As many as the configuration has entries. */
  readonly #states = new Map<string, LimitState>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Acquires a slot for one mail transaction of a next hop; `release` frees it. */
  acquire(limits: SharedLimits, nextHop: string): Acquisition {
    const now = this.#clock.monotonic()
    const state = this.#state(limits.name)
    const opensIn = Math.max(state.lastAt + limits.intervalMs, state.pausedUntil) - now
    const isFull = limits.concurrency !== null && state.active >= limits.concurrency
    if (isFull || opensIn > 0) return { kind: 'full', waitMs: Math.max(opensIn, nextWait(state, nextHop, now)) }
    state.active++
    state.lastAt = now
    state.waits.delete(nextHop)
    return { kind: 'acquired' }
  }

  release(limits: SharedLimits): void {
    this.#state(limits.name).active--
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
    const state: LimitState = { active: 0, lastAt: Number.NEGATIVE_INFINITY, pausedUntil: 0, waits: new Map() }
    this.#states.set(name, state)
    return state
  }
}

function nextWait(state: LimitState, nextHop: string, now: number): number {
  const last = state.waits.get(nextHop)
  if (last && now < last.until) return last.until - now
  const ms = last ? Math.min(last.ms * 2, LONGEST_WAIT_MS) : FIRST_WAIT_MS
  if (!last && state.waits.size >= CAPACITY) state.waits.clear()
  state.waits.set(nextHop, { ms, until: now + ms })
  return ms
}
