// waypost report bulk: the authors whose mail to many has no one click to unsubscribe, by day. Exit code 1 if there are none.

import type { Event } from '../../observe/events.ts'
import { parseBulk } from '../../policy/bulk-detail.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueReader } from '../queue/with-queue.ts'
import type { ReportChecksOptions } from './report-checks.ts'

interface BulkDay {
  /** `2026-11-29`, UTC. */
  readonly day: string
  readonly author: string
  /** Recipients on that day. */
  readonly recipients: number
}

export function reportBulk(
  options: NodePlace & ReportChecksOptions & { readonly json?: boolean },
  io: Io,
): Promise<number> | number {
  const { since, until } = options
  return withQueueReader(options, io, async (reader) => {
    const days = new Map<string, BulkDay>()
    for await (const { at, found } of countsOf(reader.ledger({ since, until, kinds: ['checked'] }))) {
      const day = new Date(at).toISOString().slice(0, 10)
      const key = `${day} ${found.author}`
      if ((days.get(key)?.recipients ?? 0) < found.recipients) days.set(key, { day, ...found })
    }
    const rows = [...days.values()].toSorted((a, b) => a.day.localeCompare(b.day) || b.recipients - a.recipients)
    if (options.json) json(io.stdout, { since, until, authors: rows })
    else
      for (const { day, author, recipients } of rows)
        line(io.stdout, `${day}  ${String(recipients).padStart(8)}  ${author}`)
    if (rows.length === 0 && !options.json) line(io.stderr, 'no mail to many without one click to unsubscribe')
    return rows.length > 0 ? OK : FAILED
  })
}

async function* countsOf(entries: AsyncIterable<readonly Event[]>) {
  for await (const events of entries)
    for (const event of events) {
      const found = event.kind === 'checked' && event.check === 'bulk' ? parseBulk(event.detail) : null
      if (found) yield { at: event.at, found }
    }
}
