// `score`: the node's own spam score, without another program.

import { z } from 'zod'
import { scoreNames } from '../../policy/score/score-points.ts'
import { section } from '../section.ts'
import { spamScore } from '../values.ts'

/** Where rspamd marks and refuses (its conf/actions.conf), so that one ceiling for forwards fits both. */
const MARK = 6
const REFUSE = 15
/** More than any sum: an observation with as many points decides alone. */
const MOST_POINTS = 100

const points = z
  .number({ error: 'a number of points, such as 2.5' })
  .min(-MOST_POINTS, { error: `at least -${MOST_POINTS}` })
  .max(MOST_POINTS, { error: `at most ${MOST_POINTS}` })

const schema = z.strictObject({
  mark: z
    .number({ error: 'a score, such as 6' })
    .positive({ error: 'more than 0' })
    .default(MARK)
    .describe('From this score on mail is marked as spam.'),
  quarantine: spamScore
    .prefault('none')
    .describe('From this score on mail is accepted and held for a decision (`queue.quarantine`); `none`: never.'),
  refuse: spamScore.prefault(REFUSE).describe('From this score on mail is refused; `none`: never.'),
  points: z
    .partialRecord(z.enum(scoreNames as [string, ...string[]], { error: `one of ${scoreNames.join(', ')}` }), points)
    .default({})
    .describe('Points of single observations in place of the usual ones; 0 switches one off.'),
})

export type ScoreConfig = z.output<typeof schema>

export const score = section(
  schema
    .optional()
    .describe(
      'Own spam score of the node. With `rspamd` it counts only while no worker answers. `score: {}` has usual values. The role decides which mail it checks.',
    ),
  (written, reader): ScoreConfig | null => {
    if (written === undefined) return null
    if (written.refuse !== null && written.refuse < written.mark)
      reader.report(['refuse'], `found ${written.refuse}, expected at least the score of mark (${written.mark})`)
    const { quarantine, refuse, mark } = written
    if (quarantine !== null && (quarantine < mark || (refuse !== null && quarantine > refuse)))
      reader.report(
        ['quarantine'],
        `found ${quarantine}, expected a score between mark (${mark}) and refuse (${refuse ?? 'none'})`,
      )
    return written
  },
)
