// One timer for all command time-outs of a connection. `set` usually costs one comparison: the timer is replaced only if the new deadline
// is earlier than its own.

import type { Clock, Timer } from '../../lib/clock.ts'

export interface Deadline {
  /** Expires in `ms`, unless it is set again or cleared before. */
  set(ms: number): void
  clear(): void
  /** Ends it: no later `set` starts a timer that expires. */
  stop(): void
}

export function createDeadline(clock: Clock, expired: () => void): Deadline {
  /** Monotonic ms; infinity while no deadline is set. */
  let due = Number.POSITIVE_INFINITY
  let pending: { readonly at: number; readonly timer: Timer } | null = null
  let stopped = false
  const wait = (now: number) => {
    if (stopped || due === Number.POSITIVE_INFINITY) return
    pending = { at: due, timer: clock.after(Math.max(0, due - now), check) }
  }
  const check = () => {
    pending = null
    const now = clock.monotonic()
    if (due > now) return wait(now)
    due = Number.POSITIVE_INFINITY
    expired()
  }
  return {
    set: (ms) => {
      const now = clock.monotonic()
      due = now + ms
      if (pending && pending.at <= due) return
      pending?.timer.cancel()
      wait(now)
    },
    clear: () => {
      due = Number.POSITIVE_INFINITY
    },
    stop: () => {
      stopped = true
      pending?.timer.cancel()
      pending = null
    },
  }
}
