// Counters that forget: each one halves in a fixed time. Bounded in number; the weakest are dropped first.

export interface DecayCounters {
  /** The count of this moment. */
  get(key: string, now: number): number
  /** Adds one; answers the new count. */
  add(key: string, now: number): number
  clear(key: string): void
  readonly size: number
}

interface Count {
  value: number
  at: number
}

/** Below this a counter says nothing any more. */
const FORGOTTEN = 0.1

export function createDecayCounters(halfLifeMs: number, limit: number): DecayCounters {
  const counts = new Map<string, Count>()
  const valueOf = (count: Count | undefined, now: number) =>
    count ? count.value * 2 ** (-Math.max(0, now - count.at) / halfLifeMs) : 0
  const makeRoom = (now: number) => {
    for (const [key, count] of counts) if (valueOf(count, now) < FORGOTTEN) counts.delete(key)
    if (counts.size < limit) return
    const weakest = [...counts].toSorted(([, a], [, b]) => valueOf(a, now) - valueOf(b, now))
    for (const [key] of weakest.slice(0, Math.ceil(limit / 10))) counts.delete(key)
  }
  return {
    get size() {
      return counts.size
    },
    get: (key, now) => valueOf(counts.get(key), now),
    add: (key, now) => {
      const known = counts.get(key)
      if (!known && counts.size >= limit) makeRoom(now)
      const value = valueOf(known, now) + 1
      counts.set(key, { value, at: now })
      return value
    },
    clear: (key) => void counts.delete(key),
  }
}
