// What nodes of a fleet ask each other, and the answers. Questions are about single messages by queue ID, so a node learns only about mail that
// it has seen; nothing is changed. Fields that a node does not know are ignored; a new version is for another meaning.

import { z } from 'zod'
import { isQueueId } from '../lib/ids.ts'
import type { Event } from '../observe/events.ts'
import { event, time } from '../queue/transfer/transfer-fields.ts'
import { type NodeStatus, nodeStatusSchema } from './node-status.ts'

/** The path at the transfer listener. */
export const FLEET_PATH = '/fleet'
export const FLEET_VERSION = 1

/** Longest question, octets: an address of 320, with a Message-ID of a line. */
export const QUESTION_OCTETS = 4096
/** Events of one answer: a message to some hundred recipients. More are cut. */
export const MOST_EVENTS = 500
/** Queue IDs of one answer. */
export const MOST_IDS = 20
/** Messages of an answer to a search. */
export const MOST_FOUND = 50
/** Longest answer, octets: the events above, with long replies. */
export const ANSWER_OCTETS = 2 * 1024 * 1024
/** An answer comes within this time or not at all, ms. */
export const ANSWER_MS = 5000

const queueId = z.string().max(64).refine(isQueueId, { error: 'not a queue ID' })
const line = z.string().min(1).max(1000)

const question = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status') }),
  /** The events of a message. */
  z.object({ kind: z.literal('message'), queueId }),
  /** The messages of this node that another one accepted as `queueId`. */
  z.object({ kind: z.literal('sent-as'), queueId, messageId: line }),
  /** The same for a message without a Message-ID, by a recipient and the time (unix ms) at which the other node accepted it. */
  z.object({ kind: z.literal('sent-to'), queueId, recipient: z.string().min(1).max(320), at: time }),
  /** Messages by address, Message-ID or session, or by time alone: only for nodes of `fleet_view.search`. */
  z.object({
    kind: z.literal('search'),
    subject: z.string().min(1).max(320).nullable(),
    since: time.optional(),
    until: time.optional(),
    limit: z.int().min(1).max(MOST_FOUND),
  }),
  /** The bounces that came to an address of SRS. */
  z.object({
    kind: z.literal('returned'),
    address: z
      .string()
      .max(320)
      .regex(/^SRS[01][-+=]\S+@\S+$/i),
  }),
])

export type FleetQuestion = z.output<typeof question>

const questionMessage = z.object({ version: z.literal(FLEET_VERSION), question })

/** Null for what is no question of this version. */
export function readQuestion(text: string): FleetQuestion | null {
  const read = questionMessage.safeParse(parse(text))
  return read.success ? read.data.question : null
}

export function writeQuestion(asked: FleetQuestion): string {
  return `${JSON.stringify({ version: FLEET_VERSION, question: asked })}\n`
}

const idsAnswer = z.object({ version: z.literal(FLEET_VERSION), queueIds: z.array(queueId).max(MOST_IDS) })
const eventsAnswer = z.object({
  version: z.literal(FLEET_VERSION),
  node: z.string().max(255),
  // Kinds of a later release are left out one by one.
  events: z.array(z.unknown()).max(MOST_EVENTS),
  hasMore: z.boolean(),
})

export interface MessageAnswer {
  /** The name that the node gives itself. */
  readonly node: string
  readonly events: readonly Event[]
  /** The node has more events than one answer may hold. */
  readonly hasMore: boolean
}

/** Null for an answer of another version, or one that makes no sense. */
export function readStatusAnswer(text: string): NodeStatus | null {
  const read = z.object({ version: z.literal(FLEET_VERSION), status: nodeStatusSchema }).safeParse(parse(text))
  return read.success ? read.data.status : null
}

/** The events that the node says about the queue ID; what it says about other messages is dropped. Null: about any message, for a search. */
export function readMessageAnswer(text: string, about: string | null): MessageAnswer | null {
  const read = eventsAnswer.safeParse(parse(text))
  if (!read.success) return null
  const { node, events, hasMore } = read.data
  const known = events.flatMap((one) => {
    const parsed = event.safeParse(one)
    return parsed.success && (about === null || parsed.data.queueId === about) ? [parsed.data as unknown as Event] : []
  })
  return { node, events: known, hasMore }
}

export function readIdsAnswer(text: string): readonly string[] | null {
  const read = idsAnswer.safeParse(parse(text))
  return read.success ? read.data.queueIds : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
