// Makes every failed login take as long as the slowest kind of hash that the users have, so that the time of a reply reveals neither whether a
// user exists nor which scheme the password has. Only computing time is levelled: time in the queue is the same for all.

import type { Clock } from '../lib/clock.ts'
import type { PasswordPool } from './password-pool.ts'
import { costOf } from './password-cost.ts'
import type { StoredPassword } from './stored-password.ts'

export interface EqualDuration {
  /** Notes how long a check of this cost computed, ms. */
  readonly note: (stored: StoredPassword, ms: number) => void
  /** Waits until a check that computed for `ms` took as long as the slowest. */
  readonly level: (ms: number) => Promise<void>
}

export interface EqualDurationParts {
  readonly clock: Pick<Clock, 'sleep'>
  readonly pool: Pick<PasswordPool, 'verify'>
  /** One stored password of each cost that the users have. */
  readonly samples: () => readonly StoredPassword[]
}

/** Weight of a new measurement: the mean follows the load of the machine, and one slow check does not slow the next hundred. */
const NEW_WEIGHT = 0.2
/** No match is possible, since a stored password is never this one. */
const PROBE = '\u0000probe'

export function createEqualDuration({ clock, pool, samples }: EqualDurationParts): EqualDuration {
  const means = new Map<string, number>()
  const note: EqualDuration['note'] = (stored, ms) => {
    const cost = costOf(stored)
    const mean = means.get(cost)
    means.set(cost, mean === undefined ? ms : mean + NEW_WEIGHT * (ms - mean))
  }
  /** The first failure after a start, or after a change of users, measures what was never measured. */
  const measure = async (stored: StoredPassword): Promise<void> => {
    const { verdict, ms } = await pool.verify(stored, PROBE)
    if (verdict !== 'unavailable') note(stored, ms)
  }
  return {
    note,
    level: async (ms) => {
      const present = samples()
      for (const stored of present) if (!means.has(costOf(stored))) await measure(stored)
      const slowest = Math.max(0, ...present.map((stored) => means.get(costOf(stored)) ?? 0))
      if (slowest > ms) await clock.sleep(slowest - ms)
    },
  }
}
