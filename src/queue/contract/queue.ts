// The queue's contract: the truth about every accepted mail. SQLite is the embedded engine; another engine has to keep the
// state table of docs/explanation/queue.md. Every promise that says "committed" means fsynced.

import type { Readable, Writable } from 'node:stream'
import type { Event } from '../../observe/events.ts'
import type { MailParameters, RecipientParameters } from '../../smtp/envelope.ts'
import type { ReplyClass } from '../../smtp/reply-class.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Outcome } from './outcome.ts'

/**
 * Up to here, octets, a body lies in the database row: it shares the commit of its message, where a file costs two fsyncs, a new inode and
 * ten trips to other threads of its own, and it is still in memory for the first attempt. At 100 KiB that is a fifth less processor time
 * (`test/bench/compare.ts`). Beyond, a body that stays for days would bloat the database.
 */
export const INLINE_LIMIT = 128 * 1024

/** A body at rest: small ones in the database, larger ones in a file of the spool directory (name relative to it). */
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
  /** True if something here was proven about the sender (SPF or DMARC pass, authenticated): only then may a DSN be sent. */
  readonly senderProven: boolean
  readonly recipients: readonly NewRecipient[]
  /** In `acceptAll`: it is not sent; its recipients fail with its acceptance, and their sender is told as of any failure. */
  readonly returned?: { readonly status: string; readonly reply: string }
  /** Ledger entries committed with it: received, checked, resolved, signed … */
  readonly events: readonly Event[]
}

export interface NewRecipient {
  readonly address: string
  readonly original: string
  readonly reversePath: string | null
  readonly nextHop: string
  readonly private: boolean
  readonly parameters: RecipientParameters
  /** No recipient of its own but an address that stands for several others: the sender is told that it is reached (RFC 3461 5.2.7.3). */
  readonly expanded?: boolean
}

/** A message as stored, without its recipients. */
export interface StoredMessage extends Omit<NewMessage, 'recipients' | 'events' | 'returned'> {}

export interface ClaimedRecipient extends NewRecipient {
  readonly recipientId: number
  /** Number of this attempt, from 1; written before the dial. */
  readonly attempt: number
}

/** The right to attempt these recipients of one message, which share next hop and reverse-path. */
export interface Claim {
  readonly message: StoredMessage
  readonly nextHop: string
  readonly reversePath: string | null
  readonly recipients: readonly ClaimedRecipient[]
}

export interface Settlement {
  readonly queueId: string
  readonly nextHop: string
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

/** Recipients of one message whose sender must now be told something (or must not: bounce decides). */
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
  /** What the refusal is about, where a rule knew it. */
  readonly replyClass?: ReplyClass | null
  /** When the last attempt ended, unix ms. */
  readonly lastAttemptAt: number
  /** Until when we shall try, unix ms (delayed only matters). */
  readonly expiresAt: number
  readonly expired: boolean
}

export interface Queue {
  /** Resolves when committed. With `claim`, recipients come back claimed (attempt 1) instead of waiting; [] otherwise. */
  accept(message: NewMessage, options: { readonly claim: boolean }): Promise<Claim[]>
  /** Several messages in one commit, all or nothing: the copies of one mail that are not alike. */
  acceptAll(messages: readonly NewMessage[], options: { readonly claim: boolean }): Promise<Claim[]>
  /** Claims up to `limit` messages of one destination that are due at `now`; attempt and next-attempt time are committed first. */
  claim(request: { readonly nextHop: string; readonly limit: number; readonly now: number }): Promise<Claim[]>
  /** Records the outcomes of a claim with their ledger events. Resolves, when committed, with whether notices are due. */
  settle(settlement: Settlement): Promise<{ readonly noticesDue: boolean }>
  /** Gives unstarted claims back without counting the attempt (drain, connection limit). */
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
  /** Messages with recipients that ended (or are late) and whose sender was not yet told. */
  noticeTasks(request: {
    readonly limit: number
    readonly now: number
    /** Only those behind this recipient id, to pass over what cannot be done now; from the oldest on where not given. */
    readonly after?: number
  }): Promise<NoticeTask[]>
  /** Marks recipients as told, with the DSN (if one is sent) and what the operator gets in the same transaction. */
  notify(done: {
    readonly task: NoticeTask
    readonly dsn: NewMessage | null
    readonly copies?: readonly NewMessage[]
    readonly events: readonly Event[]
  }): Promise<void>
  /** Adds ledger entries that change no state (refusals). Not awaited by callers on the hot path. */
  record(events: readonly Event[]): Promise<void>
  /** Removes ledger events older than `before` of messages that have left the queue. */
  purge(before: number): Promise<number>
  /** A file of the spool for a body that grows too large for memory. */
  createSpoolFile(): Promise<SpoolFile>
  openBody(body: StoredBody): Readable
  /** The same body for a second message: each message owns its body and removes it when it leaves. */
  shareBody(body: StoredBody): Promise<SharedBody>
  /** Is there room (bytes free above the reserve) and does the engine work? */
  health(): Promise<QueueHealth>
  close(): Promise<void>
}

export interface SpoolFile {
  readonly file: string
  readonly stream: Writable
  /** Makes it durable (fdatasync and directory); its size in octets. The row that names it is the commit point. */
  finish(): Promise<{ readonly size: number }>
  /** Removes it: the message was refused. */
  discard(): Promise<void>
}

export interface SharedBody {
  readonly body: StoredBody
  /** Removes it: no message came to own it. */
  discard(): Promise<void>
}

export type QueueHealth =
  | {
      readonly kind: 'ok'
      readonly waiting: number
      readonly freeBytes: number
      /** Messages held at open because their spool file is missing or damaged. */
      readonly lostBodies?: number
    }
  | {
      readonly kind: 'full'
      readonly freeBytes: number
      /** Given where it is the number of files (inodes) that has run out. */
      readonly freeFiles?: number
    }
  | { readonly kind: 'failing'; readonly cause: string }
