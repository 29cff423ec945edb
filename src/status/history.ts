// What happened in each minute of the last day, in memory only: the sparklines of the status page. A restart begins with an empty one.

import type { Clock } from '../lib/clock.ts'
import type { Event } from '../observe/events.ts'

export const series = ['accepted', 'refused', 'delivered', 'deferred', 'failed', 'notified'] as const
export type Series = (typeof series)[number]

export interface History {
  /** Counts the events of a commit. */
  record(events: readonly Event[]): void
  /** Notes how many recipients wait now. */
  sample(waiting: number): void
  /** Counts of the last minutes, the oldest first; the last one is not over yet. */
  counts(name: Series, minutes: number): readonly number[]
  /** Recipients that waited at the end of each of the last minutes; null before the start. */
  waiting(minutes: number): readonly (number | null)[]
  /** Refusals of a check in the last minutes. */
  refusals(check: string, minutes: number): readonly number[]
  /** How long it has counted, minutes; at most a day. */
  readonly age: number
  /** Minutes back from now within which at most this many events were recorded. */
  minutesWith(events: number): number
}

const MINUTE_MS = 60_000
const DAY = 24 * 60
/** Checks are a closed list; a kind of refusal of another release must not fill the memory. Each takes 6 KB. */
const MOST_CHECKS = 60

const seriesOf: Readonly<Partial<Record<Event['kind'], Series>>> = {
  received: 'accepted',
  rejected: 'refused',
  delivered: 'delivered',
  transferred: 'delivered',
  deferred: 'deferred',
  failed: 'failed',
  expired: 'failed',
  notified: 'notified',
}

export function createHistory(clock: Pick<Clock, 'now'>): History {
  const rings = Object.fromEntries(series.map((name) => [name, new Uint32Array(DAY)])) as Record<Series, Uint32Array>
  const all = new Uint32Array(DAY)
  const byCheck = new Map<string, Uint32Array>()
  const waiting = new Int32Array(DAY).fill(-1)
  const minute = () => Math.floor(clock.now() / MINUTE_MS)
  const start = minute()
  let current = start
  /** Empties the minutes that begin. A clock that was set back counts in the present minute. */
  const advance = () => {
    const now = minute()
    for (let step = 0; current < now && step < DAY; step++) {
      current = Math.max(current + 1, now - DAY + 1)
      const place = current % DAY
      for (const ring of [...Object.values(rings), ...byCheck.values(), all]) ring[place] = 0
      waiting[place] = -1
    }
  }
  const add = (ring: Uint32Array) => {
    const place = current % DAY
    ring[place] = (ring[place] ?? 0) + 1
  }
  const last = <T>(minutes: number, read: (place: number) => T): T[] => {
    advance()
    const length = Math.min(minutes, DAY)
    return Array.from({ length }, (_, index) => read((((current - length + 1 + index) % DAY) + DAY) % DAY))
  }
  return {
    record: (events) => {
      advance()
      for (const event of events) {
        // The history of a transferred message: another node counted it.
        if (event.node !== undefined) continue
        add(all)
        const name = seriesOf[event.kind]
        if (name) add(rings[name])
        const ring = event.kind === 'rejected' && event.check !== undefined ? ringOf(byCheck, event.check) : undefined
        if (ring) add(ring)
      }
    },
    sample: (count) => {
      advance()
      waiting[current % DAY] = count
    },
    counts: (name, minutes) => last(minutes, (place) => rings[name][place] ?? 0),
    waiting: (minutes) => last(minutes, (place) => waiting[place] ?? -1).map((value) => (value < 0 ? null : value)),
    refusals: (check, minutes) => {
      const ring = byCheck.get(check)
      return last(minutes, (place) => ring?.[place] ?? 0)
    },
    get age() {
      return Math.min(DAY, minute() - start)
    },
    minutesWith: (events) =>
      minutesOf(
        last(DAY, (place) => all[place] ?? 0),
        events,
      ),
  }
}

/** Undefined for a check that found no place. */
function ringOf(rings: Map<string, Uint32Array>, check: string): Uint32Array | undefined {
  const known = rings.get(check)
  if (known || rings.size >= MOST_CHECKS) return known
  const ring = new Uint32Array(DAY)
  rings.set(check, ring)
  return ring
}

/** Minutes from the end of the counts within which at most this many are. */
function minutesOf(counts: readonly number[], events: number): number {
  let sum = 0
  for (const [index, count] of counts.toReversed().entries()) {
    sum += count
    if (sum > events) return Math.max(1, index)
  }
  return DAY
}
