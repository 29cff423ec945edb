// `greylist`: which suspicious mail must come back, and when.

import { z } from 'zod'
import { greylistReasons } from '../../policy/greylist-reasons.ts'
import { section } from '../section.ts'
import { duration, spamScore } from '../values.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Some servers give up after four hours, and people expect an answer the same day. */
const MAX_DELAY_MS = 4 * HOUR_MS
/** Servers give up after five days (RFC 5321 4.5.4.1). */
const MAX_WINDOW_MS = 7 * DAY_MS
/** Entries that are never used again must leave the table. */
const MAX_ALLOW_MS = 365 * DAY_MS
/** Where rspamd greylists (its conf/actions.conf). */
const POINTS = 4

const schema = z.strictObject({
  delay: duration.prefault('5m').describe('Least time between the first attempt and one that passes.'),
  window: duration
    .prefault('1d')
    .describe('Time from the first attempt in which mail must come back; later it counts as new.'),
  allow_for: duration
    .prefault('35d')
    .describe('Time for which what came back passes at once. Each use starts it again. 35 days cover monthly mail.'),
  when: z
    .array(z.enum(greylistReasons, { error: `one of ${greylistReasons.join(', ')}` }), {
      error: `a list of ${greylistReasons.join(', ')}`,
    })
    .min(1, { error: 'at least one reason' })
    .default([...greylistReasons])
    .describe(
      'Reasons for which mail waits. score: the spam score, or the action of rspamd. listed: a list of `dnsbl` has the client or the domain. no-client-name: no name of the client is confirmed. unproven: neither SPF nor DKIM passes.',
    ),
  points: spamScore
    .prefault(POINTS)
    .describe(
      'Spam score from which the reason score applies. The actions `greylist`, `add header` and `rewrite subject` of rspamd have the same effect; `none`: only these.',
    ),
  before_data: z
    .enum(['both', 'either', 'never'], { error: 'one of both, either, never' })
    .default('both')
    .describe(
      'Which clients wait at RCPT, before SPF, DKIM and DMARC are known: listed clients without a name (both), those with one of the two reasons (either), or none.',
    ),
})

export type GreylistConfig = z.output<typeof schema>

export const greylist = section(
  schema
    .optional()
    .describe(
      'Asks suspicious mail from the internet to come back later (`451 4.7.1`). `greylist: {}` has usual values.',
    ),
  (written, reader): GreylistConfig | null => {
    if (written === undefined) return null
    const { delay, window, allow_for } = written
    const report = (key: string, found: number, expected: string) =>
      reader.report([key], `found ${found / 1000} s, expected ${expected}`)
    if (delay < 1000 || delay > MAX_DELAY_MS) report('delay', delay, 'from 1s to 4h: some servers give up after that')
    if (window <= delay || window > MAX_WINDOW_MS)
      report('window', window, 'more than delay, and at most 7d: servers give up after five days')
    if (allow_for <= window || allow_for > MAX_ALLOW_MS)
      report('allow_for', allow_for, 'more than window, and at most 365d')
    return written
  },
)
