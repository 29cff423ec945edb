// Where the events of a message can be found: in the ledger of this node, or at another node of the fleet.

import { errorText } from '../lib/log.ts'
import type { Event } from '../observe/events.ts'
import type { QueueReader } from '../queue/contract/queue-reader.ts'
import { acceptedAs } from './accepted-as.ts'
import { type MessageAnswer, MOST_EVENTS, MOST_IDS } from './fleet-messages.ts'

export type Told<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'error'; readonly cause: string }

/** Never rejects, and ends within seconds. */
export interface TraceSource {
  /** The name of the node in the configuration. */
  readonly name: string
  message(queueId: string): Promise<Told<MessageAnswer>>
  /** Messages there that another node accepted as `queueId`. */
  sentAs(queueId: string, clue: SentClue): Promise<Told<readonly string[]>>
  /** Bounces that came there to an address of SRS. */
  returned(address: string): Promise<Told<readonly string[]>>
}

/** The same about this node. Each method rejects with QueueUnavailable. */
export interface Ledger {
  message(queueId: string): Promise<MessageAnswer>
  sentAs(queueId: string, clue: SentClue): Promise<readonly string[]>
  returned(address: string): Promise<readonly string[]>
  search(wanted: FleetSearch): Promise<MessageAnswer>
}

/** What a node finds the message by that another one accepted: the Message-ID, or a recipient and the time (unix ms) if there is none. */
export type SentClue = { readonly messageId: string } | { readonly recipient: string; readonly at: number }

/** Messages by their subject: an address, a Message-ID or a session; null: what arrived or was refused in the time. Unix ms. */
export interface FleetSearch {
  readonly subject: string | null
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Messages. */
  readonly limit: number
}

/** Between the delivery at one node and the acceptance at the next one: seconds, and the difference of their clocks. */
const SENT_WINDOW_MS = 10 * 60_000
/** Messages to one recipient in that time that are looked at. */
const MOST_SENT = 200

/** @param node name of this node */
export function ledgerOf(reader: Pick<QueueReader, 'trace' | 'ledger'>, node: string): Ledger {
  const find = async (subject: string) => (await reader.trace(subject, { limit: MOST_IDS })).events
  return {
    message: async (queueId) => {
      const { events } = await reader.trace(queueId, { limit: 1 })
      const own = events.filter((event) => event.queueId === queueId)
      return { node, events: own.slice(0, MOST_EVENTS), hasMore: own.length > MOST_EVENTS }
    },
    sentAs: async (queueId, clue) => {
      const events = 'messageId' in clue ? await find(clue.messageId) : await sentTo(reader, clue)
      return idsOf(events, (event) => acceptedAs(event) === queueId)
    },
    returned: async (address) =>
      idsOf(await find(address), (event) => event.kind === 'resolved' && event.original === address),
    search: async (wanted) => {
      const { events, hasMore } = await searchLedger(reader, wanted)
      return { node, events: events.slice(-MOST_EVENTS), hasMore: hasMore || events.length > MOST_EVENTS }
    },
  }
}

async function sentTo(
  reader: Pick<QueueReader, 'trace'>,
  { recipient, at }: { readonly recipient: string; readonly at: number },
): Promise<readonly Event[]> {
  const range = { since: Math.max(0, at - SENT_WINDOW_MS), until: at + SENT_WINDOW_MS, limit: MOST_SENT }
  return (await reader.trace(recipient, range)).events
}

/** What the ledger has about a subject, or the first that arrived or was refused in a time. Rejects with QueueUnavailable. */
export async function searchLedger(
  reader: Pick<QueueReader, 'trace' | 'ledger'>,
  { subject, since, until, limit }: FleetSearch,
): Promise<{ readonly events: readonly Event[]; readonly hasMore: boolean }> {
  const range = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
  if (subject !== null) {
    const { events, hasOlder } = await reader.trace(subject, { ...range, limit })
    return { events, hasMore: hasOlder }
  }
  const events: Event[] = []
  let count = 0
  for await (const entry of reader.ledger({ ...range, kinds: ['received', 'rejected'] })) {
    if (count++ === limit) return { events, hasMore: true }
    events.push(...entry)
  }
  return { events, hasMore: false }
}

/** The ledger of this node as a source of a trace. */
export function localSource(ledger: Ledger, name: string): TraceSource {
  const told = async <T>(work: Promise<T>): Promise<Told<T>> => {
    try {
      return { kind: 'answer', value: await work }
    } catch (error) {
      return { kind: 'error', cause: errorText(error) }
    }
  }
  return {
    name,
    message: (queueId) => told(ledger.message(queueId)),
    sentAs: (queueId, clue) => told(ledger.sentAs(queueId, clue)),
    returned: (address) => told(ledger.returned(address)),
  }
}

function idsOf(events: readonly Event[], wanted: (event: Event) => boolean): readonly string[] {
  const ids = events.flatMap((event) => (event.queueId !== null && wanted(event) ? [event.queueId] : []))
  return [...new Set(ids)].slice(0, MOST_IDS)
}
