// waypost trace: the events of messages from the ledger, by queue ID, address, Message-ID or session. Exit code 1 if there are none.

import type { Event } from '../../observe/events.ts'
import { describeEvent, stepLines, time } from '../../observe/describe-event.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import type { TraceRange } from '../../queue/contract/queue-reader.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueReader } from '../queue/with-queue.ts'

/** Times are unix milliseconds. */
export interface TraceOptions extends TraceRange {
  readonly newestFirst?: boolean
}

export function trace(
  options: NodePlace & TraceOptions & { readonly subject: string; readonly json?: boolean },
  io: Io,
): Promise<number> | number {
  return withQueueReader(options, io, async (reader) => {
    const { events: oldestFirst, hasOlder } = await reader.trace(options.subject, options)
    const events = options.newestFirst ? oldestFirst.toReversed() : oldestFirst
    if (options.json) json(io.stdout, events)
    else if (events.length === 0) line(io.stderr, `no events for ${options.subject}${rangeText(options)}`)
    else for (const text of traceLines(events)) line(io.stdout, text)
    if (hasOlder) line(io.stderr, 'older messages match too; use --limit or --until to see them')
    return events.length > 0 ? OK : FAILED
  })
}

function rangeText({ since, until }: TraceRange): string {
  return [since === undefined ? '' : ` from ${time(since)}`, until === undefined ? '' : ` before ${time(until)}`].join(
    '',
  )
}

/** A block for each queue ID, in the order of the first events. */
function traceLines(events: readonly Event[]): string[] {
  const blocks = Map.groupBy(events, headOf)
  return [...blocks].flatMap(([name, own], i) => [...(i === 0 ? [] : ['']), name, ...own.flatMap(eventLines)])
}

/** Suspensions have no queue ID but a destination; mail that was not queued has only its session. */
function headOf(event: Event): string {
  if (event.kind === 'suspended' || event.kind === 'resumed') return event.destination
  return (
    event.queueId ??
    `${event.kind === 'rejected' ? 'rejected in' : 'not queued,'} session ${event.session ?? 'unknown'}`
  )
}

function eventLines(event: Event): string[] {
  return [`  ${time(event.at)}  ${describeEvent(event)}`, ...stepLines(event).map((step) => `${' '.repeat(30)}${step}`)]
}
