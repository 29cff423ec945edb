// Bounds what views cost: one query of a kind runs at a time, requests that come while it runs or shortly after share its answer, and a
// request does not wait longer than its deadline.

import type { Clock } from '../lib/clock.ts'

export interface Single {
  /**
   * The value of a query with this key: one that runs, a fresh one, or a new one. Rejects with `QueryTooSlow` at the deadline; the query
   * then continues for the requests after it. @param keepMs how long a value counts as fresh
   */
  run<T>(key: string, keepMs: number, query: () => Promise<T>): Promise<T>
  /** What was asked before counts as old: an action has changed it. */
  forget(): void
}

export class QueryTooSlow extends Error {
  override readonly name = 'QueryTooSlow'
}

/** A person waits for a page. */
const DEADLINE_MS = 8_000
/** Keys come from requests: the oldest give way. */
const MOST_KEPT = 50
/** Queries that run at a time for all visitors; the others are refused until one has ended. */
const MOST_RUNNING = 8

interface Kept {
  readonly value: Promise<unknown>
  isRunning: boolean
  /** Monotonic, of the end. */
  endedAt: number
}

export function createSingle(clock: Pick<Clock, 'monotonic' | 'sleep'>): Single {
  const kept = new Map<string, Kept>()
  let running = 0
  const start = (key: string, query: () => Promise<unknown>): Kept => {
    if (running >= MOST_RUNNING) throw new QueryTooSlow('too many queries run')
    running++
    const entry: Kept = { value: query(), isRunning: true, endedAt: 0 }
    kept.set(key, entry)
    const end = () => {
      running--
      entry.isRunning = false
      entry.endedAt = clock.monotonic()
    }
    entry.value.then(end, () => {
      end()
      // An error is no answer for the next request.
      if (kept.get(key) === entry) kept.delete(key)
    })
    for (const [old, { isRunning }] of kept) {
      if (kept.size <= MOST_KEPT) break
      if (!isRunning) kept.delete(old)
    }
    return entry
  }
  return {
    forget: () => kept.clear(),
    run: async <T>(key: string, keepMs: number, query: () => Promise<T>): Promise<T> => {
      const known = kept.get(key)
      const isUsable = known && (known.isRunning || clock.monotonic() - known.endedAt < keepMs)
      const entry = isUsable ? known : start(key, query)
      const answered = new AbortController()
      const late = clock.sleep(DEADLINE_MS, answered.signal).then(
        () => Promise.reject(new QueryTooSlow(`no answer within ${DEADLINE_MS / 1000} s`)),
        // Aborted after the answer: this value loses the race.
        () => undefined,
      )
      try {
        return (await Promise.race([entry.value, late])) as T
      } finally {
        answered.abort()
      }
    },
  }
}
