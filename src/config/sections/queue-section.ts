// `queue`: retry intervals, lifetime and storage.

import { z } from 'zod'
import { formatDuration } from '../../lib/duration.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, size } from '../values.ts'

const schema = z.strictObject({
  minimal_backoff: duration
    .prefault('5m')
    .describe('Minimum time between two attempts; fleet nodes and fixed hosts that are down are tried every 30 s.'),
  maximal_backoff: duration.prefault('4000s').describe('Maximum time between two attempts.'),
  lifetime: duration.prefault('5d').describe('Age at which a recipient expires and the sender gets a DSN.'),
  delay_warning: duration.optional().describe('Age at which the sender gets one delay notice; default: never.'),
  min_free: size.prefault('64M').describe('Free disk space below which new mail is deferred.'),
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
