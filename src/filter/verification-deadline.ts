// One time limit for several parts of a verification. A part that fails or is late counts as null.

import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Clock } from '../lib/clock.ts'

export interface Deadline {
  /** The promise's value, or null if it failed or time is up first. */
  limit<T>(work: Promise<T>): Promise<T | null>
  passed(): boolean
  /** Aborted when time is up or the limit is cleared: what was started within the limit has no reader then. */
  readonly signal: AbortSignal
  clear(): void
}

/** Starts the time limit. The caller clears it at the end. `closed` ends it early. */
export function startDeadline(clock: Clock, ms: number, closed?: AbortSignal): Deadline {
  const ended = new AbortController()
  let over = false
  let expire: () => void = () => {}
  const expired = new Promise<null>((resolve) => {
    expire = () => {
      over = true
      abortQuietly(ended)
      resolve(null)
    }
  })
  const timer = clock.after(ms, expire)
  closed?.addEventListener('abort', expire, { once: true })
  if (closed?.aborted) expire()
  return {
    limit: (work) => Promise.race([work.catch(() => null), expired]),
    passed: () => over,
    signal: ended.signal,
    clear: () => {
      timer.cancel()
      closed?.removeEventListener('abort', expire)
      abortQuietly(ended)
    },
  }
}
