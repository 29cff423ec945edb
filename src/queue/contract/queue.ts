// The contract of a queue, the source of truth about every accepted message. Every engine keeps the state tables of
// docs/explanation/queue.md. "Committed" means fsynced.

import type { ForgottenPart } from '../../privacy/forget-events.ts'
import type { Holder } from '../../budget/pool.ts'
import type { Readable, Writable } from 'node:stream'
import type { Event } from '../../observe/events.ts'
import type { MailParameters, RecipientParameters } from '../../smtp/envelope.ts'
import type { ReplyClass } from '../../smtp/reply-class.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Outcome } from './outcome.ts'

/**
 * Largest body in a database row, octets. A body in the row shares the commit of its message and is in memory for the first attempt; a file
 * costs two more fsyncs, an inode and ten switches of threads. At 100 KiB that is a fifth of the processor time (`test/bench/compare.ts`).
 * Larger bodies that wait for days would bloat the database.
 */
export const INLINE_LIMIT = 128 * 1024

/** A stored body: small ones in the database, larger ones in a spool file, whose name is relative to the spool directory. */
export type StoredBody =
  | { readonly kind: 'inline'; readonly bytes: Buffer }
  | { readonly kind: 'spool'; readonly file: string; readonly size: number }

export interface NewMessage {
  readonly queueId: string
  readonly arrivedAt: number
  readonly origin: Origin
  /** Reverse-path as received; null for the null sender. Bounces go here. */
  readonly sender: string | null
  readonly parameters: MailParameters
  readonly header: Buffer
  readonly body: StoredBody
  /** The sender is proven (SPF or DMARC pass, or authenticated): only then may a DSN be sent. */
  readonly senderProven: boolean
  readonly recipients: readonly NewRecipient[]
  /** In `acceptAll`: the recipients fail at acceptance and are not attempted; the sender gets a DSN as for any failure. */
  readonly returned?: { readonly status: string; readonly reply: string }
  /**
   * The recipients are held at acceptance, and fail at `until` (unix ms) unless they are released before: the message is in quarantine.
   * `returned` goes before it.
   */
  readonly held?: { readonly by: string; readonly reason: string; readonly until: number }
  /** Ms after which its recipients expire, if that is sooner than the lifetime of the queue: a report that is old is worth nothing. */
  readonly lifetimeMs?: number
  /** Ledger events committed with the message: received, checked, resolved, signed … */
  readonly events: readonly Event[]
}

export interface NewRecipient {
  readonly address: string
  readonly original: string
  readonly reversePath: string | null
  readonly nextHop: string
  readonly private: boolean
  readonly parameters: RecipientParameters
  /** An address that is expanded to other recipients: only the sender is notified (RFC 3461 5.2.7.3). */
  readonly expanded?: boolean
}

/** A message as stored, without its recipients. */
export interface StoredMessage extends Omit<NewMessage, 'recipients' | 'events' | 'returned' | 'held' | 'lifetimeMs'> {}

export interface ClaimedRecipient extends NewRecipient {
  readonly recipientId: number
  /** Number of this attempt, from 1; committed before the connection. */
  readonly attempt: number
}

/** The right to attempt these recipients of one message, which share next hop and reverse-path. */
export interface Claim {
  readonly message: StoredMessage
  readonly nextHop: string
  readonly reversePath: string | null
  readonly recipients: readonly ClaimedRecipient[]
}

/** What a `delivered` event says about the message. */
export interface DeliveredFacts {
  readonly sender: string | null
  /** Unix ms. */
  readonly arrivedAt: number
  /** Octets of header and body. */
  readonly size: number
}

export interface Settlement {
  readonly queueId: string
  readonly nextHop: string
  /** What the claim says about the message, for the events of deliveries; without it the queue reads it. */
  readonly message?: DeliveredFacts
  readonly outcomes: readonly { readonly recipientId: number; readonly outcome: Outcome }[]
}

/** What waits for one destination; nothing for a suspended one. */
export interface DestinationBacklog {
  /** Recipients. */
  readonly waiting: number
  /** Unix ms; meaningless if nothing waits. */
  readonly earliestAttemptAt: number
}

export interface DestinationSummary extends DestinationBacklog {
  readonly nextHop: string
}

/** Recipients of one message with the same notice due; bounce decides whether the sender gets it. */
export interface NoticeTask {
  readonly message: StoredMessage
  readonly notice: 'failed' | 'delayed' | 'delivered' | 'expanded'
  readonly recipients: readonly NoticeRecipient[]
}

export interface NoticeRecipient extends NewRecipient {
  readonly recipientId: number
  readonly status: string
  readonly reply: string
  readonly host: string | null
  /** Reason of the refusal, if a reply rule knows it. */
  readonly replyClass?: ReplyClass | null
  /** When the last attempt ended, unix ms. */
  readonly lastAttemptAt: number
  /** End of the message's lifetime, unix ms. */
  readonly expiresAt: number
  readonly expired: boolean
}

export interface Queue {
  /** Resolves when committed. With `claim`, the recipients are claimed at once (attempt 1) and returned; [] otherwise. */
  accept(message: NewMessage, options: { readonly claim: boolean }): Promise<Claim[]>
  /** Several messages in one commit, all or none: copies of one message that differ. */
  acceptAll(messages: readonly NewMessage[], options: { readonly claim: boolean }): Promise<Claim[]>
  /** Claims up to `limit` messages of one destination that are due at `now`. Attempt number and next-attempt time are committed first. */
  claim(request: { readonly nextHop: string; readonly limit: number; readonly now: number }): Promise<Claim[]>
  /** Records the outcomes of a claim with their ledger events. Resolves, when committed, with whether notices are due. */
  settle(settlement: Settlement): Promise<{ readonly noticesDue: boolean }>
  /** Returns claims that were not started, without counting the attempt (drain, connection limit). */
  release(claims: readonly Claim[]): Promise<void>
  /**
   * What waits for a destination, from memory. It is as of the last commit that was answered: an operation's answer arrives after its
   * effect on the backlog, and what another process changes arrives within a second.
   */
  backlog(nextHop: string): DestinationBacklog
  /** Destinations that have recipients waiting, from the same memory. */
  destinations(): DestinationSummary[]
  /** Calls back with the next hops whose backlog changed. Returns a function that ends it. */
  watch(listener: (nextHops: readonly string[]) => void): () => void
  /** Notices that are due: recipients that ended or are delayed and whose sender has no notice yet. */
  noticeTasks(request: {
    readonly limit: number
    readonly now: number
    /** Only recipient ids above this one; all if it is not given. */
    readonly after?: number
  }): Promise<NoticeTask[]>
  /** Ends a notice, in one transaction with the DSN, if one is sent, and the operator's copies. */
  notify(done: {
    readonly task: NoticeTask
    readonly dsn: NewMessage | null
    readonly copies?: readonly NewMessage[]
    readonly events: readonly Event[]
  }): Promise<void>
  /** Adds ledger events that change no state (refusals). Callers in a session do not await it. */
  record(events: readonly Event[]): Promise<void>
  /** Removes ledger events older than `before` (unix ms) of messages that are not in the queue. Returns how many rows. */
  purge(before: number): Promise<number>
  /** Takes a part of personal data out of ledger events older than `before` (unix ms), and of their index. Returns how many rows. */
  forget(part: ForgottenPart, before: number): Promise<number>
  /** Overwrites what deleted data has left in unused pages. */
  overwriteUnused(): Promise<void>
  /**
   * A spool file for a body that is too large for memory. Its octets count as in flight for the holder, by default for delivery, until the
   * file is finished or discarded; at a limit the stream fails with QueueUnavailable (`full`).
   */
  createSpoolFile(holder?: Holder): Promise<SpoolFile>
  openBody(body: StoredBody): Readable
  /** The same body for a second message. Each message owns its body, which is deleted with the message. */
  shareBody(body: StoredBody): Promise<SharedBody>
  /** Free space above the reserve, and whether the engine works. */
  health(): Promise<QueueHealth>
  close(): Promise<void>
}

export interface SpoolFile {
  readonly file: string
  readonly stream: Writable
  /** Makes the file durable (file and directory). Returns its size in octets. The row that names it is the commit point. */
  finish(): Promise<{ readonly size: number }>
  /** Removes the file: the message was refused. */
  discard(): Promise<void>
}

export interface SharedBody {
  readonly body: StoredBody
  /** Removes the body: no message owns it. */
  discard(): Promise<void>
}

export type QueueHealth =
  | {
      readonly kind: 'ok'
      readonly waiting: number
      readonly freeBytes: number
      /** Messages held since the start because their spool file is missing or damaged. */
      readonly lostBodies?: number
    }
  | {
      readonly kind: 'full'
      readonly freeBytes: number
      /** Free inodes, if they are what is short. */
      readonly freeFiles?: number
    }
  | { readonly kind: 'failing'; readonly cause: string }
