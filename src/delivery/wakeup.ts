// One timer that is only moved forward: it runs its callback at the earliest time that was set.

import type { Clock, Timer } from '../lib/clock.ts'

/** Longest wait, ms: next attempts are wall time, so a step of the wall clock is noticed within this time. */
const LONGEST_MS = 30_000

export class WakeupTimer {
  readonly #clock: Clock
  readonly #run: () => void
  /** Monotonic ms. */
  #at = Number.POSITIVE_INFINITY
  #timer: Timer | null = null
  #stopped = false

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock
    this.#run = run
  }

  /** Runs the callback after `ms` at the latest. */
  within(ms: number): void {
    const wait = Math.min(LONGEST_MS, Math.max(0, ms))
    const at = this.#clock.monotonic() + wait
    if (this.#stopped || at >= this.#at) return
    this.#timer?.cancel()
    this.#at = at
    this.#timer = this.#clock.after(wait, () => {
      this.#at = Number.POSITIVE_INFINITY
      this.#run()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }
}
