// waypost trace --fleet: one message through the nodes of the fleet. Exit code 1 if no node has an event of it.

import { createFleetClient } from '../../fleet-view/fleet-client.ts'
import { followMessage, type FleetTrace, type Hop } from '../../fleet-view/follow-message.ts'
import { ledgerOf, localSource, type TraceSource } from '../../fleet-view/trace-source.ts'
import { commandClock } from '../../lib/clock.ts'
import { isQueueId } from '../../lib/ids.ts'
import { describeEvent, stepLines, time } from '../../observe/describe-event.ts'
import type { QueueReader } from '../../queue/contract/queue-reader.ts'
import { openQueueReader } from '../../queue/sqlite/direct-access.ts'
import { fleetNodes } from '../../wiring/fleet-settings.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withQueueDirectory } from '../queue/with-queue.ts'
import type { TraceOptions } from './trace.ts'

/** Messages that one command follows: each asks every node some ten times. */
const MOST_FOLLOWED = 5

export function traceFleet(
  options: { readonly config: string; readonly subject: string; readonly json?: boolean } & TraceOptions,
  io: Io,
): Promise<number> | number {
  return withQueueDirectory(options.config, io, async (directory, config) => {
    const fleet = fleetNodes(config)
    if (fleet.kind === 'none') {
      line(io.stderr, fleet.problem)
      return USAGE
    }
    const reader = openQueueReader(directory, commandClock)
    try {
      const { ids, hasOlder } = await subjectIds(reader, options)
      if (ids.length === 0) {
        line(io.stderr, `this node has no message of ${options.subject}; other nodes are asked by queue ID only`)
        return FAILED
      }
      const local = localSource(ledgerOf(reader, config.hostname), config.hostname)
      const sources = [local, ...createFleetClient(fleet.nodes, commandClock).sources]
      const traces = await followAll(ids, sources)
      if (options.json) json(io.stdout, traces)
      else print(traces, io)
      if (hasOlder) line(io.stderr, `older messages match too; only the newest ${MOST_FOLLOWED} are followed`)
      return traces.some(({ hops }) => hops.length > 0) ? OK : FAILED
    } finally {
      reader.close()
    }
  })
}

/** The queue IDs to follow: the subject itself, or the newest messages of this node that it names. */
async function subjectIds(
  reader: QueueReader,
  { subject, ...range }: { readonly subject: string } & TraceOptions,
): Promise<{ readonly ids: readonly string[]; readonly hasOlder: boolean }> {
  if (isQueueId(subject)) return { ids: [subject], hasOlder: false }
  const { events, hasOlder } = await reader.trace(subject, { ...range, limit: Math.min(range.limit ?? 50, 50) })
  const ids = [...new Set(events.flatMap(({ queueId }) => queueId ?? []))]
  return { ids: ids.slice(-MOST_FOLLOWED), hasOlder: hasOlder || ids.length > MOST_FOLLOWED }
}

/** A message that an earlier trace has reached is not followed again. */
async function followAll(ids: readonly string[], sources: readonly TraceSource[]): Promise<readonly FleetTrace[]> {
  const traces: FleetTrace[] = []
  for (const id of ids)
    if (!traces.some(({ hops }) => hops.some(({ queueId }) => queueId === id)))
      traces.push(await followMessage(id, sources))
  return traces
}

function print(traces: readonly FleetTrace[], io: Io): void {
  for (const [index, trace] of traces.entries()) {
    if (index > 0) line(io.stdout, '')
    for (const text of fleetTraceLines(trace)) line(io.stdout, text)
  }
  const problems = new Map(traces.flatMap(({ problems: all }) => all.map(({ node, cause }) => [node, cause] as const)))
  for (const [node, cause] of problems) line(io.stderr, `${node} does not answer, its part is missing: ${cause}`)
  if (traces.some(({ isCut }) => isCut)) line(io.stderr, 'the trace has more messages than one command follows')
}

const relations: Readonly<Record<Hop['relation'], string>> = {
  asked: '',
  before: '',
  after: '',
  dsn: ', a notification about it',
  returned: ', a bounce to its rewritten sender (it may be about another message of that sender)',
}

function fleetTraceLines({ hops }: FleetTrace): string[] {
  if (hops.length === 0) return ['no node that answers has an event of it']
  return hops.flatMap(({ node, queueId, relation, events, hasMore }, index) => [
    ...(index > 0 ? [''] : []),
    `${node}  ${queueId}${relations[relation]}`,
    ...events.flatMap((event) => [
      `  ${time(event.at)}  ${describeEvent(event)}`,
      ...stepLines(event).map((step) => `${' '.repeat(30)}${step}`),
    ]),
    ...(hasMore ? [`  more events are at the node: run waypost trace ${queueId} there`] : []),
  ])
}
