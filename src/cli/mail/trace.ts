// waypost trace: what did happen to a mail, from the ledger: by queue id, address or message-id. Exit 1 if nothing is known of it.

import type { Event } from '../../observe/events.ts'
import { describeEvent, stepLines, time } from '../../observe/describe-event.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { withQueueReader } from '../queue/with-queue.ts'

export function trace(
  options: { readonly config: string; readonly subject: string; readonly json?: boolean },
  io: Io,
): Promise<number> | number {
  return withQueueReader(options.config, io, (reader) => {
    const events = reader.trace(options.subject)
    if (options.json) json(io.stdout, events)
    else if (events.length === 0) line(io.stderr, `nothing is known of ${options.subject}`)
    else for (const text of traceLines(events)) line(io.stdout, text)
    return events.length > 0 ? OK : FAILED
  })
}

/** A block for each queue id in order of its first event. */
function traceLines(events: readonly Event[]): string[] {
  const blocks = Map.groupBy(events, headOf)
  return [...blocks].flatMap(([name, own], i) => [...(i === 0 ? [] : ['']), name, ...own.flatMap(eventLines)])
}

/** Without a queue id are what a person did to a destination, and refused mail, which stands under its session. */
function headOf(event: Event): string {
  if (event.kind === 'suspended' || event.kind === 'resumed') return event.destination
  return event.queueId ?? `refused in session ${event.session ?? 'unknown'}`
}

function eventLines(event: Event): string[] {
  return [`  ${time(event.at)}  ${describeEvent(event)}`, ...stepLines(event).map((step) => `${' '.repeat(30)}${step}`)]
}
