// The destinations that worked lately: they replied in a reasonable time. Mail to them has a part of the delivery slots that destinations
// without such a record cannot use, so that hosts which never reply cannot stop it.

import type { Clock } from '../../lib/clock.ts'

/** How long a destination is known without another reply, ms. A weekly newsletter that finds it forgotten uses the slots for others first. */
const LIFETIME_MS = 24 * 3_600_000
/** Some megabytes of names. Beyond it, those that worked least recently are forgotten. */
const CAPACITY = 20_000
/** Ms. A delivery that takes longer is no sign of a host that works: it may reply just before each time-out. */
const QUICK_MS = 60_000
/** Ms. A failure that held its slot longer shows a host that keeps slots; a quick refusal does not. */
const STALLED_MS = 10_000

export class KnownDestinations {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** Monotonic ms of the last good reply, in that order. */
  readonly #workedAt = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  has(nextHop: string): boolean {
    const workedAt = this.#workedAt.get(nextHop)
    return workedAt !== undefined && this.#clock.monotonic() - workedAt < LIFETIME_MS
  }

  /** A delivery ended. @param heldMs how long it held its slot */
  note(nextHop: string, end: { readonly worked: boolean; readonly heldMs: number }): void {
    if (end.worked ? end.heldMs > QUICK_MS : end.heldMs < STALLED_MS) return
    this.#workedAt.delete(nextHop)
    if (!end.worked) return
    this.#workedAt.set(nextHop, this.#clock.monotonic())
    const oldest = this.#workedAt.keys().next().value
    if (this.#workedAt.size > CAPACITY && oldest !== undefined) this.#workedAt.delete(oldest)
  }
}
