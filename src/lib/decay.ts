// Counters by key whose values halve in a fixed time, such as failed logins by client network. Their number is bounded.

import type { Clock } from './clock.ts'

export interface DecayCounters {
  /** The current count, 0 for an unknown key. */
  get(key: string): number
  /** Adds `amount`, 1 by default, and returns the new count. */
  add(key: string, amount?: number): number
  clear(key: string): void
  /** Number of keys. */
  readonly size: number
  /** Every key with its current count. */
  entries(): readonly (readonly [key: string, value: number])[]
}

export interface DecaySettings {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly halfLifeMs: number
  /** Largest number of keys. At the limit the keys with the lowest counts are dropped. */
  readonly maxKeys: number
}

interface Count {
  value: number
  /** Monotonic time at which `value` was right. */
  at: number
}

/** A count below this is dropped when space is needed: it cannot reach a limit sooner than a new key. */
const NEGLIGIBLE = 0.1
/** Share of the keys dropped when none is negligible, so that the next additions do not sort again. */
const DROPPED_SHARE = 0.1

export function createDecayCounters({ clock, halfLifeMs, maxKeys }: DecaySettings): DecayCounters {
  const counts = new Map<string, Count>()
  const valueOf = (count: Count | undefined, now: number) =>
    count ? count.value * 2 ** ((count.at - now) / halfLifeMs) : 0
  const dropLowest = (now: number) => {
    for (const [key, count] of counts) if (valueOf(count, now) < NEGLIGIBLE) counts.delete(key)
    if (counts.size < maxKeys) return
    const lowestFirst = [...counts].toSorted(([, a], [, b]) => valueOf(a, now) - valueOf(b, now))
    for (const [key] of lowestFirst.slice(0, Math.ceil(maxKeys * DROPPED_SHARE))) counts.delete(key)
  }
  return {
    get size() {
      return counts.size
    },
    get: (key) => valueOf(counts.get(key), clock.monotonic()),
    add: (key, amount = 1) => {
      const now = clock.monotonic()
      const known = counts.get(key)
      if (!known && counts.size >= maxKeys) dropLowest(now)
      const value = valueOf(known, now) + amount
      counts.set(key, { value, at: now })
      return value
    },
    clear: (key) => void counts.delete(key),
    entries: () => {
      const now = clock.monotonic()
      return [...counts].map(([key, count]) => [key, valueOf(count, now)] as const)
    },
  }
}
