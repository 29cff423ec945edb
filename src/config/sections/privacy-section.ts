// `privacy`: what outputs say about people, and for how long the stores know them.

import { z } from 'zod'
import { formatDuration } from '../../lib/duration.ts'
import { section } from '../section.ts'
import { duration } from '../values.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Old data is looked for once an hour. */
const SHORTEST_MS = HOUR_MS

const treatment = z.enum(['keep', 'hash', 'drop']).optional()

/** The values of a profile; each can be set alone. */
const profiles = {
  standard: { output: 'keep', addresses: 30 * DAY_MS, ips: 30 * DAY_MS, accounts: 90 * DAY_MS },
  strict: { output: 'hash', addresses: 7 * DAY_MS, ips: 7 * DAY_MS, accounts: 30 * DAY_MS },
} as const

const schema = z.strictObject({
  profile: z
    .enum(['standard', 'strict'])
    .default('standard')
    .describe('Defaults of the other keys, and of `log.addresses` and `log.ips`.'),
  webhooks: z
    .strictObject({
      addresses: treatment.describe(
        'Mail addresses and user names in the bodies of webhooks. Default: of the profile.',
      ),
      ips: treatment.describe('Client addresses in the bodies of webhooks. Default: of the profile.'),
    })
    .prefault({})
    .describe('What targets of webhooks get.'),
  forget: z
    .strictObject({
      addresses: duration
        .optional()
        .describe('Age at which events and the greylist lose mail addresses; default: 30d, strict: 7d.'),
      ips: duration
        .optional()
        .describe('Age at which events, bans and the greylist lose client addresses; default: 30d, strict: 7d.'),
      accounts: duration
        .optional()
        .describe('Age at which the node forgets logins, sent mail and counts of accounts; default: 90d, strict: 30d.'),
    })
    .prefault({})
    .describe('How long the node knows people.'),
})

export const privacy = section(
  schema.prefault({}).describe('Personal data: see personal-data.md.'),
  ({ profile, webhooks, forget }, reader) => {
    const { output, ...ages } = profiles[profile]
    for (const [key, age] of Object.entries(forget))
      if (age !== undefined && age < SHORTEST_MS)
        reader.report(['forget', key], `found ${formatDuration(age)}, expected at least ${formatDuration(SHORTEST_MS)}`)
    return {
      /** How outputs treat a class that has no own setting. */
      output,
      webhooks: { addresses: webhooks.addresses ?? output, ips: webhooks.ips ?? output },
      /** Milliseconds. */
      forget: {
        addresses: forget.addresses ?? ages.addresses,
        ips: forget.ips ?? ages.ips,
        accounts: forget.accounts ?? ages.accounts,
      },
    }
  },
)
