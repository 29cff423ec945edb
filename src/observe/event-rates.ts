// How many events of some kinds a node recorded lately, in minutes of the monotonic clock. It holds one hour and no text of a message.

import type { Clock } from '../lib/clock.ts'
import type { Event, EventKind } from './events.ts'

/** What is counted: mail that came, and what became of it. */
export const ratedKinds = ['received', 'rejected', 'delivered', 'deferred', 'failed', 'expired'] as const

export type RatedKind = (typeof ratedKinds)[number]
export type RateCounts = Readonly<Record<RatedKind, number>>

export interface EventRates {
  record(event: Pick<Event, 'kind'>): void
  /** The events of the last minutes, at most 60; the running minute is included. */
  last(minutes: number): RateCounts
}

const MINUTE_MS = 60_000
/** One hour: a longer history is in the metrics. */
const MINUTES = 60

export function createEventRates(clock: Pick<Clock, 'monotonic'>): EventRates {
  const counts = new Map<number, Record<RatedKind, number>>()
  const minuteNow = () => Math.floor(clock.monotonic() / MINUTE_MS)
  return {
    record: ({ kind }) => {
      if (!isRated(kind)) return
      const minute = minuteNow()
      const known = counts.get(minute) ?? none()
      known[kind]++
      counts.set(minute, known)
      for (const old of counts.keys()) if (old <= minute - MINUTES) counts.delete(old)
    },
    last: (minutes) => {
      const from = minuteNow() - Math.min(minutes, MINUTES)
      const sum = none()
      for (const [minute, one] of counts) if (minute > from) for (const kind of ratedKinds) sum[kind] += one[kind]
      return sum
    },
  }
}

function isRated(kind: EventKind): kind is RatedKind {
  return (ratedKinds as readonly EventKind[]).includes(kind)
}

function none(): Record<RatedKind, number> {
  return { received: 0, rejected: 0, delivered: 0, deferred: 0, failed: 0, expired: 0 }
}
