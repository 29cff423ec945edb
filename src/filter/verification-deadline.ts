// One time limit for several parts of a verification. A part that fails or is late counts as null.

import type { Clock } from '../lib/clock.ts'

export interface Deadline {
  /** The promise's value, or null if it failed or time is up first. */
  limit<T>(work: Promise<T>): Promise<T | null>
  passed(): boolean
  clear(): void
}

/** Starts the time limit. The caller clears it at the end. */
export function startDeadline(clock: Clock, ms: number): Deadline {
  let over = false
  let expire: () => void = () => {}
  const expired = new Promise<null>((resolve) => {
    expire = () => {
      over = true
      resolve(null)
    }
  })
  const timer = clock.after(ms, expire)
  return {
    limit: (work) => Promise.race([work.catch(() => null), expired]),
    passed: () => over,
    clear: () => timer.cancel(),
  }
}
