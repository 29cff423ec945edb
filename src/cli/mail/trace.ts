// waypost trace: the events of messages from the ledger, by queue ID, address or Message-ID. Exit code 1 if there are none.

import type { Event } from '../../observe/events.ts'
import { describeEvent, stepLines, time } from '../../observe/describe-event.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { withQueueReader } from '../queue/with-queue.ts'

export function trace(
  options: { readonly config: string; readonly subject: string; readonly json?: boolean },
  io: Io,
): Promise<number> | number {
  return withQueueReader(options.config, io, async (reader) => {
    const events = await reader.trace(options.subject)
    if (options.json) json(io.stdout, events)
    else if (events.length === 0) line(io.stderr, `no events for ${options.subject}`)
    else for (const text of traceLines(events)) line(io.stdout, text)
    return events.length > 0 ? OK : FAILED
  })
}

/** A block for each queue ID, in the order of the first events. */
function traceLines(events: readonly Event[]): string[] {
  const blocks = Map.groupBy(events, headOf)
  return [...blocks].flatMap(([name, own], i) => [...(i === 0 ? [] : ['']), name, ...own.flatMap(eventLines)])
}

/** Suspensions have no queue ID but a destination; rejected mail has only its session. */
function headOf(event: Event): string {
  if (event.kind === 'suspended' || event.kind === 'resumed') return event.destination
  return event.queueId ?? `rejected in session ${event.session ?? 'unknown'}`
}

function eventLines(event: Event): string[] {
  return [`  ${time(event.at)}  ${describeEvent(event)}`, ...stepLines(event).map((step) => `${' '.repeat(30)}${step}`)]
}
