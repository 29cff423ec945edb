// Reading a queue: what waits and why, what happened to a message, and totals. Commands, the daemon and its pages use the same interface.

import type { Readable } from 'node:stream'
import type { Event, EventKind } from '../../observe/events.ts'
import type { MailParameters } from '../../smtp/envelope.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { NoticeKind } from './notify-bits.ts'
import type { ControlAction } from './queue-control.ts'
import type { DestinationSummary, StoredBody } from './queue.ts'
import type { QueueFilter } from './recipient-filter.ts'
import type { RecipientState } from './states.ts'

/** The operator that stopped something, with time (unix ms) and reason. */
export interface Hold {
  readonly at: number
  readonly by: string
  /** Empty for none. */
  readonly reason: string
  /** Unix ms of the end of a quarantine, at which the recipient fails. */
  readonly until?: number
}

/** Messages with recipients in quarantine. */
export interface Quarantined {
  readonly messages: number
  /** Headers and bodies. */
  readonly octets: number
  /** Unix ms; null without one. */
  readonly oldestArrivedAt: number | null
}

export interface ListedRecipient {
  readonly address: string
  readonly original: string
  readonly reversePath: string | null
  readonly nextHop: string
  readonly private: boolean
  readonly state: RecipientState
  readonly attempts: number
  /** Unix ms. Of a claimed recipient: the next attempt if the node stops now. */
  readonly nextAttemptAt: number
  /** An operator suspended its destination: it is not attempted, whatever its time. */
  readonly suspended: boolean
  /** The suspension of its destination; null if it is not suspended. */
  readonly suspension: Hold | null
  /** Null if the recipient is not held, or if an earlier release held it: the ledger has the event. */
  readonly hold: Hold | null
  /** An operator's action that waits for the end of the running attempt, or null. */
  readonly pendingAction: ControlAction | null
  /** The notice that is due, or null. */
  readonly noticeDue: NoticeKind | null
  /** The last attempt, or null before the first one ended. */
  readonly last: {
    /** Unix ms. */
    readonly at: number
    readonly status: string
    readonly reply: string
    readonly host: string | null
    /** Reason of the refusal (smtp/reply-class.ts), or null. */
    readonly class: string | null
  } | null
}

export interface ListedMessage {
  readonly queueId: string
  /** Unix ms. */
  readonly arrivedAt: number
  /** Unix ms. */
  readonly expiresAt: number
  readonly origin: Origin
  readonly sender: string | null
  /** Octets, header and body. */
  readonly size: number
  /** The recipients that match the filter. */
  readonly recipients: readonly ListedRecipient[]
}

export interface ShownMessage extends ListedMessage {
  readonly parameters: MailParameters
  readonly senderProven: boolean
  readonly header: Buffer
  readonly body: StoredBody
  readonly events: readonly Event[]
}

/** A destination that an operator suspended. */
export interface Suspension extends Hold {
  readonly nextHop: string
}

export interface QueueStats {
  readonly messages: number
  readonly recipients: Readonly<Record<RecipientState, number>>
  /** Arrival of the oldest message with a recipient in a state, unix ms; null without one. */
  readonly oldest: Readonly<Record<RecipientState, number | null>>
  readonly noticesDue: number
  /** Recipients older than their lifetime that do not expire because an operator holds them or suspended their destination. */
  readonly keptBeyondLifetime: { readonly held: number; readonly suspended: number }
  /** Arrival of the oldest message, unix ms; null for an empty queue. */
  readonly oldestArrivedAt: number | null
  readonly suspended: readonly Suspension[]
  /** Destinations with the most recipients waiting, at most 20. */
  readonly destinations: readonly DestinationSummary[]
}

/** What is short to read also in a long queue. */
export interface QueueOverview extends Pick<QueueStats, 'noticesDue' | 'oldestArrivedAt' | 'suspended'> {
  /** Recipients. */
  readonly held: number
}

/** A part of a listing, for a page that a person looks at. */
export interface ListPage {
  /** A message at the border of two parts is in both, each time with a part of its recipients. */
  readonly messages: readonly ListedMessage[]
  /** Where the next part begins; null at the end of the queue. A part that ends early for its work has one too. */
  readonly next: number | null
}

/** Times are unix ms. */
export interface TraceRange {
  /** Only events from this time on. */
  readonly since?: number
  /** Only events before this time. */
  readonly until?: number
  /** Only the newest messages with events in that time; 200 if it is not given. A refusal counts as a message. */
  readonly limit?: number
}

export interface Trace {
  /** Oldest first. */
  readonly events: readonly Event[]
  /** Older messages match too, but the limit excludes them. */
  readonly hasOlder: boolean
}

/** Times are unix ms. An entry holds what was recorded together: the acceptance of a message, the end of an attempt, a refusal. */
export interface LedgerRange extends Pick<TraceRange, 'since' | 'until'> {
  /** Only entries with an event of one of these kinds. */
  readonly kinds?: readonly EventKind[]
}

/** Every method rejects with QueueUnavailable. None of them blocks the event loop or a commit for longer than one page. */
export interface QueueReader {
  /** Queued messages with the recipients that match, oldest first, read page by page. */
  list(filter?: QueueFilter): AsyncIterable<ListedMessage>
  /**
   * One part of a listing, of about `limit` recipients, from the position that the part before it gave. It looks at a bounded part of the
   * queue, so that with a filter that fits nothing it is short or empty.
   */
  page(filter: QueueFilter, view: { readonly after: number | null; readonly limit: number }): Promise<ListPage>
  /** The arrival of the oldest waiting message for each of the next hops, unix ms; those that a bounded look does not find are missing. */
  oldest(nextHops: readonly string[]): Promise<ReadonlyMap<string, number>>
  overview(): Promise<QueueOverview>
  /** One queued message with all its recipients and events; null if it is not in the queue. */
  show(queueId: string): Promise<ShownMessage | null>
  /** The events of the messages that a queue ID, an address (sender, original or final recipient) or a Message-ID names. */
  trace(subject: string, range?: TraceRange): Promise<Trace>
  /** The events of the ledger entries of the range, entry by entry, oldest first, read page by page. All entries without a range. */
  ledger(range?: LedgerRange): AsyncIterable<readonly Event[]>
  stats(): Promise<QueueStats>
  /** What is in quarantine. Short also in a long queue. */
  quarantined(): Promise<Quarantined>
  /** Recipients that wait for one destination, also for a suspended one. */
  waitingFor(nextHop: string): Promise<number>
  /** The body of a shown message. */
  openBody(body: StoredBody): Readable
}
