// What a node says about itself: the answer to `waypost status`, to other nodes of the fleet, and to the status page. Readers ignore fields
// that they do not know, so that a newer node can say more. A change of the meaning of a field needs a new version.

import { z } from 'zod'
import { recipientStates } from '../queue/contract/states.ts'
import { waitReasons } from '../queue/scheduling/destination-wait.ts'

export const STATUS_VERSION = 1

/** Longest text that a node accepts of another one, characters. */
const TEXT = 2000
/** Longest list that a node accepts of another one. */
const LIST = 100

const text = z.string().max(TEXT)
const name = z.string().max(255)
const count = z.number().min(0)
/** Unix milliseconds, to the year 9999. */
const time = z.number().min(0).max(253_402_300_799_999)

const health = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ok'), note: text.optional() }),
  z.object({ kind: z.literal('degraded'), reason: text }),
  z.object({ kind: z.literal('failing'), reason: text }),
])

const rates = z.object({
  received: count,
  rejected: count,
  delivered: count,
  deferred: count,
  failed: count,
  expired: count,
})

const destination = z.object({
  nextHop: text,
  waiting: count,
  earliestAttemptAt: time,
  /** Why it gets no delivery now; null if it waits for nothing but its time. */
  wait: z
    .object({
      nextHop: text,
      reason: z.enum(waitReasons),
      until: time.nullable(),
      active: count,
      limit: count,
    })
    .nullable()
    .catch(null),
  /** Host and reply of the last attempt for the oldest recipient; null before the first attempt, and from older nodes. */
  lastReply: text.nullable().catch(null),
})

const queue = z.object({
  messages: count,
  recipients: z.partialRecord(z.enum(recipientStates), count).catch({}),
  oldestArrivedAt: time.nullable(),
  noticesDue: count,
  /** Destinations that an operator suspended. */
  suspended: count,
  /** Those with the most recipients, at most five. */
  destinations: z.array(destination).max(LIST),
  /** Why nothing is attempted at all; null if it is. */
  paused: text.nullable(),
})

const reload = z.object({
  at: time,
  result: z.enum(['reloaded', 'refused']),
  /** Changed keys that need a restart. */
  restartFor: z.array(name).max(LIST),
  /** The first reason of a refusal; null if there is none. */
  problem: text.nullable(),
})

export const nodeStatusSchema = z.object({
  version: z.literal(STATUS_VERSION),
  /** The name of the node, as in `hostname`. */
  node: name,
  role: name,
  release: name,
  /** By the clock of the node. */
  at: time,
  startedAt: time,
  draining: z.boolean(),
  health: z.object({
    kind: z.enum(['ok', 'degraded', 'failing']),
    checks: z.record(name, health).refine((all) => Object.keys(all).length <= LIST),
  }),
  /** Null while the queue cannot be read. */
  queue: queue.nullable(),
  rates: z.object({ fiveMinutes: rates, hour: rates }),
  /** The last reload since the start; null if there was none. */
  reload: reload.nullable(),
  certificates: z.array(z.object({ key: name, expiresAt: time })).max(LIST),
  /** Bans that stand, and accounts on hold. */
  bans: count,
  holds: count,
})

export type NodeStatus = z.output<typeof nodeStatusSchema>
export type QueueStatus = NonNullable<NodeStatus['queue']>
