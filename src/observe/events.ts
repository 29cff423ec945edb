// The ledger's closed list of events. Every accepted recipient ends in exactly one final event:
// delivered | failed | expired | removed | discarded | handed-over. `trace` reads them, metrics count them, tests assert them.

import type { TlsResult } from '../smtp/tls-result.ts'

/** Fields that every event has. Events of refused mail have no queue id but a session id. */
interface EventBase {
  /** Unix milliseconds. */
  readonly at: number
  readonly queueId: string | null
  readonly session?: string
  /** The recipient it is about (final address), where it is about one. */
  readonly recipient?: string
  /** The node where it happened, where that is another one: the history of mail that was taken over. */
  readonly node?: string
}

export interface ReceivedEvent extends EventBase {
  readonly kind: 'received'
  /** internet, peer, user, machine or local, with identity or role behind a colon. */
  readonly origin: string
  readonly sender: string | null
  readonly remote: string
  readonly helo: string | null
  readonly tls: string | null
  readonly size: number
  readonly messageId: string | null
}
/** A content check's finding: spf, dkim, dmarc, arc, spam, virus, greylist. */
export interface CheckedEvent extends EventBase {
  readonly kind: 'checked'
  readonly check: string
  readonly result: string
  readonly detail: string
}
/** One recipient became one destination; `steps` are route/resolution.ts steps as text `rule from -> to (source)`. */
export interface ResolvedEvent extends EventBase {
  readonly kind: 'resolved'
  readonly original: string
  readonly reversePath: string | null
  readonly nextHop: string
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
  /** Remote host as `name[ip]:port`, or null where none was reached. */
  readonly host: string | null
  /** Remote reply verbatim, or our words where there was none. */
  readonly reply: string
  readonly status: string
  /** Null if no host was reached. */
  readonly tls: TlsResult | null
  /** What a refusal is about (smtp/reply-class.ts), where a rule knows it. */
  readonly class?: string
  /** What the operator can do about it. */
  readonly advice?: string
}
export interface DeliveredEvent extends AttemptEnd {
  readonly kind: 'delivered'
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
/** A DSN was queued for this recipient's fate (`dsn` is its queue id), or deliberately not (`reason`). */
export interface NotifiedEvent extends EventBase {
  readonly kind: 'notified'
  readonly notice: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'
  readonly to: string | null
  readonly dsn: string | null
  /** Queue id of the operator's copy. */
  readonly copy?: string
  readonly reason?: string
}
/** A person's (or the brake's) action on the queue. */
export interface ControlledEvent extends EventBase {
  readonly kind: 'held' | 'released' | 'retried' | 'removed' | 'bounced' | 'recovered'
  readonly by: string
  readonly reason: string
  /** The recipient's next hop, where the action concerns it (retried). */
  readonly destination?: string
}
/** An operator's action on a recipient whose attempt was running: applied, with a further event, if the attempt ends without a final outcome. */
export interface ActionPendingEvent extends EventBase {
  readonly kind: 'action-pending'
  /** `release` cancels the pending action. */
  readonly action: 'hold' | 'release' | 'retry' | 'remove' | 'bounce'
  readonly by: string
  readonly reason: string
}
/** A person stopped or allowed attempts for a destination. Of no message: the queue id is null. */
export interface SteeredDestinationEvent extends EventBase {
  readonly kind: 'suspended' | 'resumed'
  readonly destination: string
  readonly by: string
  readonly reason: string
}
/** Accepted and dropped because routing data says so. */
export interface DiscardedEvent extends EventBase {
  readonly kind: 'discarded'
  readonly reason: string
}
export interface HandedOverEvent extends EventBase {
  readonly kind: 'handed-over'
  readonly to: string
  /** Who asked for it. */
  readonly by?: string
}
/** Accepted from another node's queue with its history: the receiving side of `handed-over`. */
export interface TransferAcceptedEvent extends EventBase {
  readonly kind: 'transfer-accepted'
  readonly from: string
}
/** Refused at SMTP time: never queued. */
export interface RejectedEvent extends EventBase {
  readonly kind: 'rejected'
  readonly stage: 'connect' | 'helo' | 'auth' | 'mail' | 'rcpt' | 'data'
  readonly sender: string | null
  readonly remote: string
  readonly reply: string
  readonly cause: string
}

export type Event =
  | ReceivedEvent
  | CheckedEvent
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
  | SteeredDestinationEvent
  | DiscardedEvent
  | HandedOverEvent
  | TransferAcceptedEvent
  | RejectedEvent

export type EventKind = Event['kind']

/** The kinds that end a recipient's way. */
export const finalKinds: readonly EventKind[] = [
  'delivered',
  'failed',
  'expired',
  'removed',
  'discarded',
  'handed-over',
]
