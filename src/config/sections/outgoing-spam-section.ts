// `outgoing_spam`: what happens to mail of users and machines that the spam filter takes for spam.

import { z } from 'zod'
import { plainSection } from '../section.ts'

/** Between the score of a mark and that of a refusal in rspamd (its conf/actions.conf): people are held before they are refused. */
const FROM = 10

export const outgoing_spam = plainSection(
  z
    .strictObject({
      action: z
        .enum(['mark', 'hold', 'refuse'], { error: 'one of mark, hold, refuse' })
        .default('hold')
        .describe(
          'mark: send it with spam fields; hold: accept it and hold it for a decision (`queue.quarantine`); refuse: `550 5.7.1` with the score.',
        ),
      from: z
        .number({ error: 'a score, such as 10' })
        .positive({ error: 'more than 0' })
        .default(FROM)
        .describe("Score from which the action applies. It also applies to rspamd's actions reject and discard."),
    })
    .optional()
    .transform((written) => written ?? null)
    .describe('Asks `rspamd` about mail of users and machines too. The scores count for the `brake`.'),
)
