// A clock for tests: time passes only when the test advances it.

import { abortReason, type Clock, type Timer } from '../../src/lib/clock.ts'

interface Sleeper {
  /** Monotonic time of its wake-up. */
  readonly at: number
  readonly wake: () => void
}

export interface FakeClock extends Clock {
  /** Lets `ms` pass on both clocks: timers run in the order of their times, each with the clock at its own time. */
  advance(ms: number): Promise<void>
  /** Steps the wall clock, as an operator or NTP does. The monotonic clock and the timers do not notice. */
  set(now: number): void
  /** Number of timers and sleeps that wait. */
  readonly sleeping: number
}

/** Default start of a fake clock: 2026-11-21T00:00:00Z. */
const FAKE_START = Date.UTC(2026, 10, 21)

export function createFakeClock(start: number = FAKE_START): FakeClock {
  let monotonic = 0
  let wallAhead = start
  const sleepers = new Set<Sleeper>()
  const after = (ms: number, run: () => void): Timer => {
    const sleeper: Sleeper = {
      at: monotonic + ms,
      wake: () => {
        sleepers.delete(sleeper)
        run()
      },
    }
    sleepers.add(sleeper)
    return { cancel: () => void sleepers.delete(sleeper) }
  }
  return {
    now: () => monotonic + wallAhead,
    monotonic: () => monotonic,
    sleep: (ms, signal) => sleep(after, ms, signal),
    after,
    every: (ms, run) => repeat(after, ms, run),
    set: (time) => {
      wallAhead = time - monotonic
    },
    get sleeping() {
      return sleepers.size
    },
    advance: async (ms) => {
      const end = monotonic + ms
      await settle()
      for (let next = earliest(sleepers, end); next; next = earliest(sleepers, end)) {
        monotonic = Math.max(monotonic, next.at)
        next.wake()
        await settle()
      }
      monotonic = Math.max(monotonic, end)
    },
  }
}

function repeat(after: Clock['after'], ms: number, run: () => void): Timer {
  let timer = after(ms, tick)
  function tick() {
    timer = after(ms, tick)
    run()
  }
  return { cancel: () => timer.cancel() }
}

function sleep(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      timer?.cancel()
      reject(abortReason(signal as AbortSignal))
    }
    let timer: Timer | null = null
    if (signal?.aborted) return abort()
    timer = after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

function earliest(sleepers: ReadonlySet<Sleeper>, end: number): Sleeper | null {
  let first: Sleeper | null = null
  for (const sleeper of sleepers) if (sleeper.at <= end && (!first || sleeper.at < first.at)) first = sleeper
  return first
}

/** Lets code that was woken run: promise chains and immediates that are ready now. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
