// The time since the node last started or was interrupted. After a stop, a suspended machine or a step of the wall clock, mail whose lifetime
// passed in that time is attempted before it expires.

import type { Clock } from '../../lib/clock.ts'

/** A larger change of the distance between wall and monotonic time is a suspension or a step, ms; NTP's slewing stays below. */
const TOLERANCE_MS = 60_000

export class ContinuousUptime {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  /** Monotonic ms. */
  #since: number
  /** Wall time minus monotonic time; the monotonic clock stops while the machine is suspended. */
  #distance: number

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock
    this.#since = clock.monotonic()
    this.#distance = clock.now() - clock.monotonic()
  }

  /** Milliseconds since the last break that this call or an earlier one noticed. */
  elapsedMs(): number {
    const monotonic = this.#clock.monotonic()
    const distance = this.#clock.now() - monotonic
    if (Math.abs(distance - this.#distance) > TOLERANCE_MS) {
      this.#since = monotonic
      this.#distance = distance
    }
    return monotonic - this.#since
  }
}
