// `brake`: when an account that behaves unlike itself is put on hold.

import { z } from 'zod'
import { type BrakePoints, brakePoints, brakeSigns } from '../../policy/brake-score.ts'
import { section } from '../section.ts'
import { count } from '../values.ts'

/** Two strong signs, or three weaker ones. */
const HOLD_AT = 6
/** More than all signs together: such points decide alone, or switch the brake off. */
const MOST_POINTS = 100
/** A person on the first day. */
const USER = { recipients: 20, new_domains: 5 }
/** A machine that reports a failure of many hosts. */
const MACHINE = { recipients: 200, new_domains: 20 }

const NUMBER = 'a number of points, such as 2.5'
const points = z
  .number({ error: NUMBER })
  .min(0, { error: NUMBER })
  .max(MOST_POINTS, { error: `at most ${MOST_POINTS}` })
const least = (usual: typeof USER) =>
  z.strictObject({
    recipients: count('a whole number from 1').default(usual.recipients).describe('Recipients a day.'),
    new_domains: count('a whole number from 1').default(usual.new_domains).describe('New recipient domains a day.'),
  })

const schema = z.strictObject({
  hold_at: points
    .min(1, { error: 'at least 1' })
    .default(HOLD_AT)
    .describe('Score from which an account is put on hold.'),
  new_mail: z
    .enum(['hold', 'refuse'], { error: 'one of hold, refuse' })
    .default('hold')
    .describe(
      'New mail of an account on hold: accept it and hold it with the rest (`queue.quarantine`), or refuse it for now (`450 4.7.1`).',
    ),
  points: z
    .partialRecord(z.enum(brakeSigns as [string, ...string[]], { error: `one of ${brakeSigns.join(', ')}` }), points)
    .default({})
    .describe('Points of single signs in place of the usual ones; 0 switches one off.'),
  users: least(USER).prefault({}).describe('What every user may send on a usual day, with or without a history.'),
  machines: least(MACHINE).prefault({}).describe('The same for every machine.'),
})

type Least = z.output<ReturnType<typeof least>>

export interface BrakeConfig {
  readonly hold_at: number
  readonly new_mail: 'hold' | 'refuse'
  readonly points: BrakePoints
  readonly users: Least
  readonly machines: Least
}

export const brake = section(
  schema.optional().describe('Puts accounts on hold that behave as if they were stolen. `brake: {}` has usual values.'),
  (written): BrakeConfig | null => {
    if (written === undefined) return null
    const usual = Object.fromEntries(brakeSigns.map((name) => [name, brakePoints[name].points]))
    return { ...written, points: { ...usual, ...written.points } as BrakePoints }
  },
)
