// One timer per connection for all its per-command time-outs. Setting it costs one comparison: the sleeper is only woken
// when the new time is earlier than the one it sleeps for, which after the first message of a connection is never.

import type { Clock } from '../../lib/clock.ts'

export interface Deadline {
  /** Expires in `ms` unless set or cleared again before. */
  set(ms: number): void
  clear(): void
  /** Ends it for good. */
  stop(): void
}

export function createDeadline(clock: Clock, expired: () => void): Deadline {
  let due = Number.POSITIVE_INFINITY
  let sleepingUntil = Number.POSITIVE_INFINITY
  let lastNow = Number.NEGATIVE_INFINITY
  let stopped = false
  let sleeper: AbortController | null = null
  /** The time; if it went back (a step of the clock), what was set goes back with it. */
  const look = () => {
    const now = clock.now()
    const back = lastNow - now
    if (back > 0) {
      due -= back
      sleepingUntil -= back
    }
    lastNow = now
    return now
  }
  const wait = () => {
    if (stopped || due === Number.POSITIVE_INFINITY) return
    const signal = (sleeper = new AbortController()).signal
    sleepingUntil = due
    clock.sleep(Math.max(0, due - look()), signal).then(wake, () => undefined)
  }
  const wake = () => {
    sleeper = null
    sleepingUntil = Number.POSITIVE_INFINITY
    if (stopped) return
    const now = look()
    if (due <= now) {
      due = Number.POSITIVE_INFINITY
      expired()
    } else wait()
  }
  const stopSleeping = () => {
    sleeper?.abort()
    sleeper = null
    sleepingUntil = Number.POSITIVE_INFINITY
  }
  return {
    set: (ms) => {
      due = look() + ms
      if (due >= sleepingUntil) return
      stopSleeping()
      wait()
    },
    clear: () => {
      due = Number.POSITIVE_INFINITY
    },
    stop: () => {
      stopped = true
      stopSleeping()
    },
  }
}
