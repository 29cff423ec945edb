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
  sentAs(queueId: string, messageId: string): Promise<Told<readonly string[]>>
  /** Bounces that came there to an address of SRS. */
  returned(address: string): Promise<Told<readonly string[]>>
}

/** The same about this node. Each method rejects with QueueUnavailable. */
export interface Ledger {
  message(queueId: string): Promise<MessageAnswer>
  sentAs(queueId: string, messageId: string): Promise<readonly string[]>
  returned(address: string): Promise<readonly string[]>
}

/** @param node name of this node */
export function ledgerOf(reader: Pick<QueueReader, 'trace'>, node: string): Ledger {
  const search = async (subject: string) => (await reader.trace(subject, { limit: MOST_IDS })).events
  return {
    message: async (queueId) => {
      const { events } = await reader.trace(queueId, { limit: 1 })
      const own = events.filter((event) => event.queueId === queueId)
      return { node, events: own.slice(0, MOST_EVENTS), hasMore: own.length > MOST_EVENTS }
    },
    sentAs: async (queueId, messageId) => idsOf(await search(messageId), (event) => acceptedAs(event) === queueId),
    returned: async (address) =>
      idsOf(await search(address), (event) => event.kind === 'resolved' && event.original === address),
  }
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
    sentAs: (queueId, messageId) => told(ledger.sentAs(queueId, messageId)),
    returned: (address) => told(ledger.returned(address)),
  }
}

function idsOf(events: readonly Event[], wanted: (event: Event) => boolean): readonly string[] {
  const ids = events.flatMap((event) => (event.queueId !== null && wanted(event) ? [event.queueId] : []))
  return [...new Set(ids)].slice(0, MOST_IDS)
}
