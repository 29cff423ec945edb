// One timer that is only ever moved forward: rings at the earliest time it was set to.

import type { Clock } from '../lib/clock.ts'

/** Node's longest timer is 2^31 - 1 ms; a day is long enough to look again. */
const LONGEST = 86_400_000

export class WakeupTimer {
  readonly #clock: Clock
  readonly #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #sleeper: AbortController | null = null
  #stopped = false

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at that time (unix ms) unless it is set to ring earlier already. */
  at(time: number): void {
    if (this.#stopped || time >= this.#at || time === Number.POSITIVE_INFINITY) return
    this.#sleeper?.abort()
    const sleeper = new AbortController()
    this.#sleeper = sleeper
    this.#at = time
    const ms = Math.min(LONGEST, Math.max(0, time - this.#clock.now()))
    this.#clock.sleep(ms, sleeper.signal).then(
      () => this.#awake(sleeper),
      () => undefined,
    )
  }

  stop(): void {
    this.#stopped = true
    this.#sleeper?.abort()
  }

  #awake(sleeper: AbortController): void {
    if (this.#sleeper !== sleeper || this.#stopped) return
    this.#sleeper = null
    this.#at = Number.POSITIVE_INFINITY
    this.#ring()
  }
}
