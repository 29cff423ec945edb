// `log`: the level, and which personal data a log line may have.

import { z } from 'zod'
import { plainSection } from '../section.ts'

const treatment = z.enum(['keep', 'hash', 'drop']).optional()

export const log = plainSection(
  z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Minimum level of written lines.'),
      format: z
        .enum(['json', 'text'])
        .default('json')
        .describe('json: one JSON object a line, for programs; text: one sentence a line, for people.'),
      addresses: treatment.describe('Mail addresses and user names in log lines. Default: of `privacy.profile`.'),
      ips: treatment.describe('Client addresses in log lines. Default: of `privacy.profile`.'),
    })
    .prefault({})
    .describe('Log.'),
)
