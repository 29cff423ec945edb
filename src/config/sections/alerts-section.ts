// `alerts`: which webhooks are informed when the node needs an operator.

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { duration, text } from '../values.ts'

export const alerts = plainSection(
  z
    .strictObject({
      webhooks: z
        .array(text('the name of a webhook'))
        .min(1, { error: 'the name of at least one webhook' })
        .describe('Names of `webhooks` that get the alerts.'),
      after: duration.prefault('2m').describe('How long a health check must be wrong before an alert is sent.'),
      clear_after: duration.prefault('5m').describe('How long it must be right again before the end is sent.'),
    })
    .optional()
    .describe(
      'Alerts of the node about itself: a health check that is degraded or fails, and the first refusal of a mail provider as blocked. They need neither the queue nor the disk.',
    ),
)
