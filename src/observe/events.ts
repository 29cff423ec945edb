// The closed list of ledger events. Each accepted recipient ends in exactly one final event. `trace` prints the events, metrics count them,
// tests assert them; event-reference.ts describes each field.

import type { TlsResult } from '../smtp/tls-result.ts'

/** Fields of every event. */
export interface EventBase {
  /** Unix milliseconds. */
  readonly at: number
  /** Null if the event concerns no message of the queue: rejected mail, suspended destinations. */
  readonly queueId: string | null
  readonly session?: string
  /** The final address of the recipient that the event concerns. */
  readonly recipient?: string
  /** The node that recorded the event, if it was another one: the history of a transferred message. */
  readonly node?: string
}

export interface ReceivedEvent extends EventBase {
  readonly kind: 'received'
  readonly origin: string
  readonly sender: string | null
  readonly remote: string
  readonly client?: string
  readonly clientQueueId?: string
  readonly helo: string | null
  readonly tls: string | null
  readonly size: number
  readonly messageId: string | null
}

export interface CheckedEvent extends EventBase {
  readonly kind: 'checked'
  readonly check: string
  readonly result: string
  readonly detail: string
}

/** What the checks of an accepted message took, those of a millisecond or more. */
export interface TimedEvent extends EventBase {
  readonly kind: 'timed'
  readonly checks: readonly TimedCheck[]
}

export interface TimedCheck {
  readonly check: string
  readonly stage: RejectedEvent['stage']
  /** Milliseconds, of all calls together. */
  readonly ms: number
  /** If the stage ran more than once: RCPT for each recipient. */
  readonly calls?: number
}

export interface ResolvedEvent extends EventBase {
  readonly kind: 'resolved'
  readonly original: string
  readonly reversePath: string | null
  readonly nextHop: string
  /** The steps of the resolution as text: `rule from -> to (source)`. */
  readonly steps: readonly string[]
}

export interface SignedEvent extends EventBase {
  readonly kind: 'signed'
  readonly domain: string
  readonly selector: string
  readonly algorithm: string
}

export interface UnsignedEvent extends EventBase {
  readonly kind: 'unsigned'
  readonly reason: string
}

interface AttemptEnd extends EventBase {
  readonly attempt: number
  readonly host: string | null
  readonly reply: string
  readonly status: string
  readonly tls: TlsResult | null
  /** A class of smtp/reply-class.ts. */
  readonly class?: string
  readonly advice?: string
}

export interface DeliveredEvent extends AttemptEnd {
  readonly kind: 'delivered'
  /** Reverse-path as received; null for the null sender. */
  readonly sender: string | null
  /** From the arrival of the message at this node to its delivery, milliseconds. */
  readonly delayMs: number
  readonly size: number
}

export interface DeferredEvent extends AttemptEnd {
  readonly kind: 'deferred'
  readonly scope: string
  readonly nextAttemptAt: number
}

export interface FailedEvent extends AttemptEnd {
  readonly kind: 'failed'
  readonly scope: string
}

export interface ExpiredEvent extends AttemptEnd {
  readonly kind: 'expired'
}

export interface NotifiedEvent extends EventBase {
  readonly kind: 'notified'
  readonly notice: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'
  readonly to: string | null
  readonly dsn: string | null
  readonly copy?: string
  readonly reason?: string
}

export interface ControlledEvent extends EventBase {
  readonly kind: 'held' | 'released' | 'retried' | 'removed' | 'bounced' | 'recovered'
  readonly by: string
  readonly reason: string
  /** Of a hold with an end, unix milliseconds: the recipient fails then. */
  readonly until?: number
  readonly destination?: string
}

export interface ActionPendingEvent extends EventBase {
  readonly kind: 'action-pending'
  readonly action: 'hold' | 'release' | 'retry' | 'remove' | 'bounce'
  readonly by: string
  readonly reason: string
}

export interface DestinationEvent extends EventBase {
  readonly kind: 'suspended' | 'resumed'
  readonly destination: string
  readonly by: string
  readonly reason: string
}

export interface DiscardedEvent extends EventBase {
  readonly kind: 'discarded'
  readonly reason: string
}

export interface TransferredEvent extends EventBase {
  readonly kind: 'transferred'
  readonly to: string
  readonly by?: string
}

export interface TransferAcceptedEvent extends EventBase {
  readonly kind: 'transfer-accepted'
  readonly from: string
}

export interface RejectedEvent extends EventBase {
  readonly kind: 'rejected'
  readonly stage: 'connect' | 'helo' | 'auth' | 'mail' | 'rcpt' | 'data'
  readonly sender: string | null
  readonly remote: string
  readonly client?: string
  readonly clientQueueId?: string
  readonly reply: string
  readonly cause: string
  /** The check that rejected; absent where no check did. */
  readonly check?: string
  /** What that check took, milliseconds; absent below 1. */
  readonly ms?: number
}

/** A check in test mode would have rejected. */
export interface WouldRejectEvent extends EventBase {
  readonly kind: 'would-reject'
  readonly check: string
  readonly stage: RejectedEvent['stage']
  readonly sender: string | null
  readonly remote: string
  readonly client?: string
  readonly clientQueueId?: string
  readonly reply: string
  readonly cause: string
  /** Above 1: the recipients that it would have rejected for the same reason; `recipient` is the first. */
  readonly recipients?: number
}

/** A client or an account may not connect or log in for a time. */
export interface BannedEvent extends EventBase {
  readonly kind: 'banned'
  readonly banned: 'address' | 'network' | 'account'
  readonly ip?: string
  readonly user?: string
  /** Unix milliseconds. */
  readonly until: number
  readonly by: string
  readonly reason: string
  readonly evidence: string
  readonly times: number
}

/** A ban ended before its time. */
export interface UnbannedEvent extends EventBase {
  readonly kind: 'unbanned'
  readonly banned: BannedEvent['banned']
  readonly ip?: string
  readonly user?: string
  readonly by: string
  readonly reason: string
}

/** A message took an account near a limit. */
export interface LimitNearEvent extends EventBase {
  readonly kind: 'limit-near'
  /** As the origin of `received`. */
  readonly account: string
  readonly measure: string
  readonly window: string
  readonly used: number
  readonly limit: number
}

/** An account is on hold: its queued mail stops, its new mail is held or refused. */
export interface AccountHeldEvent extends EventBase {
  readonly kind: 'account-held'
  readonly account: string
  readonly by: string
  readonly reason: string
  readonly evidence: string
}

export interface AccountReleasedEvent extends EventBase {
  readonly kind: 'account-released'
  readonly account: string
  readonly by: string
  readonly reason: string
}

/** A mail provider reports that a recipient complained about mail of ours (RFC 5965). */
export interface ComplainedEvent extends EventBase {
  readonly kind: 'complained'
  /** Queue ID of the message with the complaint. */
  readonly report: string
  readonly feedback: string
  readonly provider: string
  readonly isProven: boolean
  /** As the origin of `received`; null if the mail is not in the ledger. */
  readonly account: string | null
  readonly messageId: string | null
}

/** A person changed something about the account, or a stranger who could sign in did, or an operator. */
export interface AccountChangedEvent extends EventBase {
  readonly kind: 'account-changed'
  readonly account: string
  readonly change: string
  readonly by: string
  /** Absent for a change by a command. */
  readonly ip?: string
  readonly app?: string
}

/** The node sent a probe to itself or to a mailbox outside. */
export interface ProbeSentEvent extends EventBase {
  readonly kind: 'probe-sent'
  /** Name in the section `probe`. */
  readonly target: string
  readonly probe: string
  readonly to: string
}

export interface ProbeResultEvent extends EventBase {
  readonly kind: 'probe-result'
  readonly target: string
  readonly probe: string
  readonly outcome: 'arrived' | 'accepted' | 'incomplete' | 'missing' | 'refused' | 'late'
  /** Unix milliseconds. */
  readonly sentAt: number
  /** From the sending to the end, milliseconds. */
  readonly ms?: number
  /** A large provider, `fleet` or `other`. */
  readonly provider: string
  readonly hops: readonly ProbedHop[]
  readonly detail: string
}

/** A server that a probe passed, as its Received field names it. */
export interface ProbedHop {
  readonly by: string
  readonly group: string
  /** Ms after the sending; null if the field has no time. */
  readonly ms: number | null
}

/** A target stopped working, or works again. */
export interface ProbeAlertEvent extends EventBase {
  readonly kind: 'probe-alert'
  readonly target: string
  readonly state: 'failing' | 'working'
  /** Bad results in a row. */
  readonly failures: number
  readonly detail: string
}

/** An operator erased a person from the records of the node; the event does not name the person. */
export interface ErasedEvent extends EventBase {
  readonly kind: 'erased'
  readonly by: string
  readonly reason: string
  readonly rows: number
}

export type Event =
  | ReceivedEvent
  | CheckedEvent
  | TimedEvent
  | ResolvedEvent
  | SignedEvent
  | UnsignedEvent
  | DeliveredEvent
  | DeferredEvent
  | FailedEvent
  | ExpiredEvent
  | NotifiedEvent
  | ControlledEvent
  | ActionPendingEvent
  | DestinationEvent
  | DiscardedEvent
  | TransferredEvent
  | TransferAcceptedEvent
  | RejectedEvent
  | WouldRejectEvent
  | BannedEvent
  | UnbannedEvent
  | LimitNearEvent
  | AccountHeldEvent
  | AccountReleasedEvent
  | ComplainedEvent
  | AccountChangedEvent
  | ProbeSentEvent
  | ProbeResultEvent
  | ProbeAlertEvent
  | ErasedEvent

export type EventKind = Event['kind']

/** Every kind, for readers of events that another node wrote. */
export const eventKinds = [
  'received',
  'checked',
  'timed',
  'resolved',
  'signed',
  'unsigned',
  'delivered',
  'deferred',
  'failed',
  'expired',
  'notified',
  'held',
  'released',
  'retried',
  'removed',
  'bounced',
  'recovered',
  'action-pending',
  'suspended',
  'resumed',
  'discarded',
  'transferred',
  'transfer-accepted',
  'rejected',
  'would-reject',
  'banned',
  'unbanned',
  'limit-near',
  'account-held',
  'account-released',
  'complained',
  'account-changed',
  'probe-sent',
  'probe-result',
  'probe-alert',
  'erased',
] as const satisfies readonly EventKind[]

type ByKind<E extends Event, K extends EventKind> = E extends Event ? (K extends E['kind'] ? E : never) : never

/** The type of the events of one kind. */
export type EventOf<K extends EventKind> = ByKind<Event, K>

/** The kinds that end a recipient. */
export const finalKinds: readonly EventKind[] = [
  'delivered',
  'failed',
  'expired',
  'removed',
  'discarded',
  'transferred',
]
