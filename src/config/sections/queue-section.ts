// `queue`: retry intervals, lifetime and storage.

import { z } from 'zod'
import { formatDuration } from '../../lib/duration.ts'
import { section, type SectionReader } from '../section.ts'
import { count, duration, size } from '../values.ts'

const schema = z.strictObject({
  minimal_backoff: duration
    .prefault('5m')
    .describe('Minimum time between two attempts; fleet nodes and fixed hosts that are down are tried every 30 s.'),
  maximal_backoff: duration.prefault('4000s').describe('Maximum time between two attempts.'),
  lifetime: duration.prefault('5d').describe('Age at which a recipient expires and the sender gets a DSN.'),
  delay_warning: duration.optional().describe('Age at which the sender gets one delay notice; default: never.'),
  min_free: size.prefault('64M').describe('Free disk space below which new mail is deferred.'),
  quarantine: z
    .strictObject({
      keep: duration.prefault('14d').describe('Time after which mail that was not released fails.'),
      messages: count('a whole number of messages from 1 on')
        .default(5000)
        .describe('Most messages; further suspicious mail is deferred (`451 4.7.1`).'),
      size: size.prefault('1G').describe('Most octets of all messages.'),
    })
    .prefault({})
    .describe(
      'Mail that the spam check holds for a decision: see `score.quarantine`, and the action quarantine of rspamd.',
    ),
  keep_events: duration.prefault('30d').describe('Time that events of finished mail are kept.'),
})

export const queue = section(schema.prefault({}).describe('Retries and storage.'), (written, reader) => {
  checkAtMost(written, reader, ['minimal_backoff', 'maximal_backoff', 'intervals grow from the one to the other'])
  checkAtMost(written, reader, ['delay_warning', 'lifetime', 'mail older than the lifetime is returned'])
  return written
})

function checkAtMost(
  written: z.output<typeof schema>,
  reader: SectionReader,
  [key, other, reason]: readonly [
    key: 'minimal_backoff' | 'delay_warning',
    other: 'maximal_backoff' | 'lifetime',
    reason: string,
  ],
): void {
  const found = written[key]
  if (found === undefined || found <= written[other]) return
  const limit = `queue.${other} (${formatDuration(written[other])})`
  reader.report([key], `found ${formatDuration(found)}, expected at most ${limit}: ${reason}`)
}
