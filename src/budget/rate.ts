// Units that are used up and come back with time. Each key, such as a client network, has its own count, which halves in a fixed time.

import type { Clock } from '../lib/clock.ts'
import { createDecayCounters } from '../lib/decay.ts'
import type { RateBudget } from './budget.ts'

export interface Rate {
  /** Units that one key can have. */
  readonly capacity: number
  /** Counts units of a key. False, and nothing is counted, if they do not fit. */
  take(key: string, units?: number): boolean
  /** Counts units also beyond the limit: for what has happened already, such as a wrong guess. */
  count(key: string, units?: number): void
  /** Takes a unit back that did not count after all. */
  giveBack(key: string): void
  clear(key: string): void
  /** Units of a key that are counted now. */
  used(key: string): number
  /**
   * Whether the key has reached its limit. Counts as a refusal if it has.
   * @param share of the capacity; 1 if absent
   */
  isOver(key: string, share?: number): boolean
  /** Counts a refusal that the caller decided by `used`. */
  refuse(): void
  /** Number of keys that are remembered. */
  readonly keys: number
  /** The keys that have used at least this part of their units, the fullest first, at most `limit`. For a copy that outlives the process. */
  filled(part: number, limit: number): readonly (readonly [key: string, units: number])[]
  /** Adds units that were counted `ageMs` ago. */
  restore(key: string, units: number, ageMs: number): void
}

export type RateLimits = Pick<RateBudget, 'capacity' | 'halfLifeMs' | 'keys'>

export interface RatePorts {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Called for each refusal. */
  readonly refused: () => void
}

export function createRate(limits: RateLimits, { clock, refused }: RatePorts): Rate {
  const counts = createDecayCounters({ clock, halfLifeMs: limits.halfLifeMs, maxKeys: limits.keys })
  const fits = (key: string, units: number, share = 1) => {
    const isFree = counts.get(key) + units <= Math.max(1, limits.capacity * share)
    if (!isFree) refused()
    return isFree
  }
  return {
    capacity: limits.capacity,
    get keys() {
      return counts.size
    },
    take: (key, units = 1) => {
      if (!fits(key, units)) return false
      counts.add(key, units)
      return true
    },
    count: (key, units = 1) => void counts.add(key, units),
    giveBack: (key) => void counts.add(key, -Math.min(1, counts.get(key))),
    clear: (key) => counts.clear(key),
    used: (key) => counts.get(key),
    refuse: refused,
    isOver: (key, share) => !fits(key, 1, share),
    filled: (part, limit) =>
      counts
        .entries()
        .filter(([, units]) => units >= limits.capacity * part)
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, limit),
    restore: (key, units, ageMs) => void counts.add(key, units * 2 ** (-Math.max(0, ageMs) / limits.halfLifeMs)),
  }
}
