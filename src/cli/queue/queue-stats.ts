// waypost queue stats: recipients by state and destination, and suspended destinations.

import type { QueueStats } from '../../queue/contract/queue-reader.ts'
import { json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { readNodeWaits } from './node-waits.ts'
import type { WaitView } from './queue-list.ts'
import { age, destinationText } from '../../queue/scheduling/why-waiting.ts'
import { withQueueReader } from './with-queue.ts'

export function queueStats(
  options: NodePlace & { readonly json: boolean; readonly now: number },
  io: Io,
): Promise<number> | number {
  return withQueueReader(options, io, async (reader, directory) => {
    const stats = await reader.stats()
    if (options.json) json(io.stdout, stats)
    else
      for (const text of statsLines(stats, { node: await readNodeWaits(directory), now: options.now }))
        line(io.stdout, text)
    return OK
  })
}

function statsLines(stats: QueueStats, { node, now }: WaitView): string[] {
  const { messages, oldestArrivedAt, noticesDue, keptBeyondLifetime: kept } = stats
  const states = Object.entries(stats.recipients).filter(([, count]) => count > 0)
  const oldest = oldestArrivedAt === null ? '' : `, the oldest ${age(now - oldestArrivedAt)} old`
  return [
    `${messages} ${messages === 1 ? 'message' : 'messages'}${oldest}`,
    ...states.map(([state, count]) => `  ${String(count).padStart(9)} ${state}`),
    ...(noticesDue > 0 ? [`  ${String(noticesDue).padStart(9)} DSNs due`] : []),
    ...(kept.held + kept.suspended > 0
      ? [
          `older than queue.lifetime: ${kept.held} held, ${kept.suspended} for suspended destinations (these never expire)`,
        ]
      : []),
    ...destinationLines(stats, { node, now }),
    ...suspensionLines(stats),
    ...(messages > 0 && node.stopped !== null ? [`nothing is attempted: ${node.stopped}`] : []),
  ]
}

function destinationLines({ destinations }: QueueStats, { node, now }: WaitView): string[] {
  if (destinations.length === 0) return []
  return [
    'destinations:',
    ...destinations.map(({ nextHop, waiting, earliestAttemptAt }) => {
      const wait = node.destinations.get(nextHop)
      const next = earliestAttemptAt > now ? `in ${age(earliestAttemptAt - now)}` : 'now'
      return `  ${String(waiting).padStart(9)} ${nextHop}, ${wait ? destinationText(wait, now) : `next attempt ${next}`}`
    }),
  ]
}

function suspensionLines({ suspended }: QueueStats): string[] {
  if (suspended.length === 0) return []
  const since = (at: number) => new Date(at).toISOString()
  return [
    'suspended:',
    ...suspended.map(
      ({ nextHop, at, by, reason }) => `  ${nextHop} since ${since(at)} by ${by}${reason ? `: ${reason}` : ''}`,
    ),
  ]
}
