// The content of the queue as numbers.

import type { Clock } from '../lib/clock.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { QueueStats } from '../queue/contract/queue-reader.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

/** How long the statistics are reused, ms: counting a long queue is slow, and one scrape needs them several times. */
const STATS_REUSE_MS = 5_000

export function queueGauges(queue: Pick<OpenQueue, 'reader'>, clock: Clock): GaugeSource[] {
  const stats = reuseStats(queue, clock)
  return [
    {
      name: 'waypost_queue_recipients',
      help: 'Queued recipients, by state.',
      labels: ['state'],
      read: async () =>
        Object.entries((await stats()).recipients).map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: 'waypost_queue_messages',
      help: 'Queued messages.',
      labels: [],
      read: async () => [{ labels: {}, value: (await stats()).messages }],
    },
    {
      name: 'waypost_queue_oldest_message_age_seconds',
      help: 'Age of the oldest queued message; 0 if the queue is empty.',
      labels: [],
      read: async () => {
        const { oldestArrivedAt } = await stats()
        return [{ labels: {}, value: oldestArrivedAt === null ? 0 : (clock.now() - oldestArrivedAt) / 1000 }]
      },
    },
    {
      name: 'waypost_queue_oldest_recipient_age_seconds',
      help: 'Age of the oldest queued recipient of a state, from the arrival of its message; none for a state without recipients.',
      labels: ['state'],
      read: async () =>
        Object.entries((await stats()).oldest).flatMap(([state, at]) =>
          at === null ? [] : [{ labels: { state }, value: (clock.now() - at) / 1000 }],
        ),
    },
    {
      name: 'waypost_queue_overdue_recipients',
      help: 'Recipients beyond their lifetime that do not expire, because they are held or their destination is suspended.',
      labels: ['reason'],
      read: async () =>
        Object.entries((await stats()).keptBeyondLifetime).map(([reason, value]) => ({ labels: { reason }, value })),
    },
    {
      name: 'waypost_queue_suspended_destinations',
      help: 'Destinations that an operator has suspended.',
      labels: [],
      read: async () => [{ labels: {}, value: (await stats()).suspended.length }],
    },
  ]
}

/** The statistics, read at most once in five seconds. */
function reuseStats(queue: Pick<OpenQueue, 'reader'>, clock: Clock): () => Promise<QueueStats> {
  return reuse(() => queue.reader.stats(), clock)
}

/** What `read` gives, read at most once in five seconds. */
export function reuse<T>(read: () => Promise<T>, clock: Clock): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | null = null
  return () => {
    const now = clock.monotonic()
    if (last === null || now - last.at >= STATS_REUSE_MS) last = { at: now, value: read() }
    return last.value
  }
}
