// `login`: logins of users by password.

import { z } from 'zod'
import { section } from '../section.ts'
import { duration } from '../values.ts'

/** An intruder who reads the memory of the node finds the remembered digests, so they are gone within the hour. */
const MAX_REMEMBER_MS = 3_600_000

const schema = z.strictObject({
  remember_for: z
    .union([duration, z.literal(0)], { error: 'a duration such as 5m, or 0' })
    .prefault('5m')
    .describe(
      'Time for which a password that was right is not computed again, at most 1h; 0: each login computes its hash. Only a digest with a random key of the process is kept, in memory.',
    ),
  scram: z
    .enum(['auto', 'on', 'off'], { error: 'one of auto, on, off' })
    .default('auto')
    .describe(
      'Offer SCRAM-SHA-256 and SCRAM-SHA-256-PLUS. auto: while every user has stored keys of it, because a client that sees it takes it; on: always; off: never.',
    ),
})

export type LoginConfig = z.output<typeof schema>

export const login = section(
  schema.prefault({}).describe('Logins of users by password.'),
  (written, reader): LoginConfig => {
    if (written.remember_for > MAX_REMEMBER_MS)
      reader.report(['remember_for'], `found ${written.remember_for / 1000} s, expected at most 1h`)
    return written
  },
)
