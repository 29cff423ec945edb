// Remembers for a short time which zones have silent name servers: the next questions to them fail at once instead of holding places.

import type { Clock } from '../lib/clock.ts'

/** Questions in a row without an answer after which a zone counts as silent. Fewer would count a lost packet. */
const SILENCES = 4
/** How long, ms. Short, because servers come back, and because a zone can have other owners below it (name-zone.ts). */
const SILENT_MS = 15_000
/** Zones that are remembered; the oldest are forgotten first. */
const MAX_ZONES = 4096

export interface SilentZones {
  isSilent(zone: string): boolean
  /** A question ended without an answer. */
  unanswered(zone: string): void
  answered(zone: string): void
}

export function createSilentZones(clock: Pick<Clock, 'monotonic'>): SilentZones {
  const zones = new Map<string, { count: number; until: number }>()
  return {
    isSilent: (zone) => {
      const known = zones.get(zone)
      return known !== undefined && known.count >= SILENCES && clock.monotonic() < known.until
    },
    unanswered: (zone) => {
      const count = (zones.get(zone)?.count ?? 0) + 1
      // The first question after the time is a trial: one more silence is enough then.
      zones.delete(zone)
      zones.set(zone, { count, until: clock.monotonic() + SILENT_MS })
      const [oldest] = zones.keys()
      if (zones.size > MAX_ZONES && oldest !== undefined) zones.delete(oldest)
    },
    answered: (zone) => void zones.delete(zone),
  }
}
