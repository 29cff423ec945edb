// Remembers for a short time which zones have silent name servers: the next questions to them fail at once instead of holding places.

import type { Clock } from '../lib/clock.ts'

/** Questions in a row without an answer after which a zone counts as silent. Fewer would count a lost packet. */
const SILENCES = 4
/** How long, ms. Short, because servers come back, and because a zone can have other owners below it (name-zone.ts). */
const SILENT_MS = 15_000
/**
 * A zone that answered within this time is not silent, ms: strangers can own silent zones below it, as below a registry that name-zone.ts
 * does not know. The share of a zone in the places still bounds their questions.
 */
const ANSWERED_MS = 300_000
/** Zones that are remembered; the oldest are forgotten first. */
const MAX_ZONES = 4096

export interface SilentZones {
  isSilent(zone: string): boolean
  /** A question ended without an answer. */
  unanswered(zone: string): void
  answered(zone: string): void
}

/** Monotonic ms. */
interface Zone {
  /** Silences since the last answer. */
  readonly count: number
  readonly until: number
  readonly answeredAt: number
}

export function createSilentZones(clock: Pick<Clock, 'monotonic'>): SilentZones {
  const zones = new Map<string, Zone>()
  const note = (name: string, zone: Zone) => {
    zones.delete(name)
    zones.set(name, zone)
    const [oldest] = zones.keys()
    if (zones.size > MAX_ZONES && oldest !== undefined) zones.delete(oldest)
  }
  return {
    isSilent: (zone) => {
      const known = zones.get(zone)
      const now = clock.monotonic()
      return (
        known !== undefined && known.count >= SILENCES && now < known.until && now - known.answeredAt >= ANSWERED_MS
      )
    },
    unanswered: (zone) => {
      const { count = 0, answeredAt = Number.NEGATIVE_INFINITY } = zones.get(zone) ?? {}
      // The first question after the time is a trial: one more silence is enough then.
      note(zone, { count: count + 1, until: clock.monotonic() + SILENT_MS, answeredAt })
    },
    answered: (zone) => note(zone, { count: 0, until: 0, answeredAt: clock.monotonic() }),
  }
}
