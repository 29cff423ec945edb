// Bounds what views cost: one query of a kind runs at a time, requests that come while it runs or shortly after share its answer, and a
// request does not wait longer than its deadline.

import type { Clock } from '../lib/clock.ts'

export interface Single {
  /**
   * The value of a query with this key: one that runs, a fresh one, or a new one. Rejects with `QueryTooSlow` at the deadline; the query
   * then continues for the requests after it. @param keepMs how long a value counts as fresh
   */
  run<T>(key: string, keepMs: number, query: () => Promise<T>): Promise<T>
  /** The same for what a view can do without: null if there is no value within `waitMs`. The query then continues for the next request. */
  within<T>(
    key: string,
    times: { readonly keepMs: number; readonly waitMs: number },
    query: () => Promise<T>,
  ): Promise<T | null>
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

const TOO_LATE = Symbol('no answer within the time')

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
  const entryOf = (key: string, keepMs: number, query: () => Promise<unknown>): Kept => {
    const known = kept.get(key)
    const isUsable = known && (known.isRunning || clock.monotonic() - known.endedAt < keepMs)
    return isUsable ? known : start(key, query)
  }
  /** The value, or `TOO_LATE` at the deadline. */
  const raced = async (value: Promise<unknown>, deadlineMs: number): Promise<unknown> => {
    const answered = new AbortController()
    // Aborted after the answer: this value loses the race.
    const late = clock.sleep(deadlineMs, answered.signal).then(
      () => TOO_LATE,
      () => TOO_LATE,
    )
    try {
      return await Promise.race([value, late])
    } finally {
      answered.abort()
    }
  }
  return {
    forget: () => kept.clear(),
    run: async <T>(key: string, keepMs: number, query: () => Promise<T>): Promise<T> => {
      const value = await raced(entryOf(key, keepMs, query).value, DEADLINE_MS)
      if (value === TOO_LATE) throw new QueryTooSlow(`no answer within ${DEADLINE_MS / 1000} s`)
      return value as T
    },
    within: async <T>(
      key: string,
      { keepMs, waitMs }: { readonly keepMs: number; readonly waitMs: number },
      query: () => Promise<T>,
    ): Promise<T | null> => {
      if (running >= MOST_RUNNING && !kept.has(key)) return null
      const value = await raced(entryOf(key, keepMs, query).value, waitMs)
      return value === TOO_LATE ? null : (value as T)
    },
  }
}
