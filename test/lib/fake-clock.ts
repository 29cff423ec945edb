// A clock for tests: time passes only when the test says so.

import type { Clock } from '../../src/lib/clock.ts'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export interface FakeClock extends Clock {
  /** Lets `ms` pass: sleepers wake in the order of their times, each with the clock at its own time. */
  advance(ms: number): Promise<void>
  /** Sets the time without waking anybody (a clock that was stepped). */
  set(now: number): void
  /** How many are asleep. */
  readonly sleeping: number
}

/** The time where a fake clock starts unless told: 2026-11-21T00:00:00Z. */
const FAKE_START = Date.UTC(2026, 10, 21)

export function createFakeClock(start: number = FAKE_START): FakeClock {
  let now = start
  const sleepers = new Set<Sleeper>()
  return {
    now: () => now,
    sleep: (ms, signal) => sleepUntil(sleepers, now + ms, signal),
    set: (time) => {
      now = time
    },
    get sleeping() {
      return sleepers.size
    },
    advance: async (ms) => {
      const end = now + ms
      await settle()
      for (let next = earliest(sleepers, end); next; next = earliest(sleepers, end)) {
        now = Math.max(now, next.at)
        next.wake()
        await settle()
      }
      now = Math.max(now, end)
    },
  }
}

function sleepUntil(sleepers: Set<Sleeper>, at: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      sleepers.delete(sleeper)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    const sleeper: Sleeper = {
      at,
      wake: () => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', abort)
        resolve()
      },
    }
    if (signal?.aborted) return abort()
    sleepers.add(sleeper)
    signal?.addEventListener('abort', abort, { once: true })
  })
}

function earliest(sleepers: ReadonlySet<Sleeper>, end: number): Sleeper | null {
  let first: Sleeper | null = null
  for (const sleeper of sleepers) if (sleeper.at <= end && (!first || sleeper.at < first.at)) first = sleeper
  return first
}

/** Gives the woken code its turn: promise chains and immediates that are ready now. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
