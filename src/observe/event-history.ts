// What happened in each minute of the last day, in memory only and without a text of a message: the rates in the status of the node, and the
// sparklines of its page. A restart begins with an empty one.

import type { Clock } from '../lib/clock.ts'
import type { Event } from './events.ts'

/** What is counted: mail that came, and what became of it. */
const countedKinds = [
  'received',
  'rejected',
  'delivered',
  'transferred',
  'deferred',
  'failed',
  'expired',
  'notified',
] as const
type CountedKind = (typeof countedKinds)[number]

/** The kinds of the rates. */
export const ratedKinds = ['received', 'rejected', 'delivered', 'deferred', 'failed', 'expired'] as const
export type RateCounts = Readonly<Record<(typeof ratedKinds)[number], number>>

export const series = ['accepted', 'refused', 'delivered', 'deferred', 'failed', 'notified'] as const
export type Series = (typeof series)[number]

export interface History {
  /** Counts the events of a commit. */
  record(events: readonly Event[]): void
  /** Notes how many recipients wait now. */
  sample(waiting: number): void
  /** The events of the last minutes; the running minute is included. */
  last(minutes: number): RateCounts
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

const kindsOf: Readonly<Record<Series, readonly CountedKind[]>> = {
  accepted: ['received'],
  refused: ['rejected'],
  delivered: ['delivered', 'transferred'],
  deferred: ['deferred'],
  failed: ['failed', 'expired'],
  notified: ['notified'],
}

/** Minutes are those of the monotonic clock: a wall clock that is set moves nothing. */
export function createHistory(clock: Pick<Clock, 'monotonic'>): History {
  const rings = Object.fromEntries(countedKinds.map((kind) => [kind, new Uint32Array(DAY)])) as Record<
    CountedKind,
    Uint32Array
  >
  const all = new Uint32Array(DAY)
  const byCheck = new Map<string, Uint32Array>()
  const waiting = new Int32Array(DAY).fill(-1)
  const minutes = createMinutes(clock, (place) => {
    for (const ring of [...Object.values(rings), ...byCheck.values(), all]) ring[place] = 0
    waiting[place] = -1
  })
  const { last } = minutes
  const count = (event: Event) => {
    const place = minutes.place()
    add(all, place)
    const kind = countedKinds.find((one) => one === event.kind)
    if (kind) add(rings[kind], place)
    const ring = event.kind === 'rejected' && event.check !== undefined ? ringOf(byCheck, event.check) : undefined
    if (ring) add(ring, place)
  }
  return {
    // The history of a transferred message: another node counted it.
    record: (events) => events.filter(({ node }) => node === undefined).forEach(count),
    sample: (recipients) => {
      waiting[minutes.place()] = recipients
    },
    last: (back) =>
      Object.fromEntries(
        ratedKinds.map((kind) => [kind, sum(last(back, (place) => rings[kind][place] ?? 0))]),
      ) as Record<keyof RateCounts, number>,
    counts: (name, back) => last(back, (place) => sum(kindsOf[name].map((kind) => rings[kind][place] ?? 0))),
    waiting: (back) => last(back, (place) => waiting[place] ?? -1).map((value) => (value < 0 ? null : value)),
    refusals: (check, back) => {
      const ring = byCheck.get(check)
      return last(back, (place) => ring?.[place] ?? 0)
    },
    get age() {
      return Math.min(DAY, minutes.passed())
    },
    minutesWith: (events) =>
      minutesOf(
        last(DAY, (place) => all[place] ?? 0),
        events,
      ),
  }
}

/** The places of a day of minutes. @param empty clears the place of a minute that begins */
function createMinutes(clock: Pick<Clock, 'monotonic'>, empty: (place: number) => void) {
  const minute = () => Math.floor(clock.monotonic() / MINUTE_MS)
  const start = minute()
  let current = start
  const advance = () => {
    const now = minute()
    for (let step = 0; current < now && step < DAY; step++) {
      current = Math.max(current + 1, now - DAY + 1)
      empty(current % DAY)
    }
  }
  return {
    /** Of the present minute. */
    place: (): number => {
      advance()
      return current % DAY
    },
    /** What the last minutes have, the oldest first. */
    last: <T>(minutes: number, read: (place: number) => T): T[] => {
      advance()
      const length = Math.min(minutes, DAY)
      return Array.from({ length }, (_, index) => read((((current - length + 1 + index) % DAY) + DAY) % DAY))
    },
    passed: (): number => minute() - start,
  }
}

function add(ring: Uint32Array, place: number): void {
  ring[place] = (ring[place] ?? 0) + 1
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

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0)
}
