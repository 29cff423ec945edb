// Room queue: read-only sight of a queue from another process: the command line, on a live or a stopped node. Synchronous: a command has
// nothing else to do. Writes nothing, takes no lock that holds up the node.

import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Database } from 'better-sqlite3'
import type { Event } from '../../observe/events.ts'
import { type MailParameters, plainMail } from '../../smtp/envelope.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { ControlAction, QueueStats } from '../contract/queue-control.ts'
import { openReadOnly } from './database/database.ts'
import type { QueueFilter } from '../contract/recipient-filter.ts'
import { termsOf, traceTerm } from './store/ledger-terms.ts'
import { type NoticeKind, notices } from '../contract/notify-bits.ts'
import type { StoredBody } from '../contract/queue.ts'
import { type RecipientState, stateOf } from '../contract/states.ts'
import { type LedgerRow, selectLedgerAfter } from './store/statements/ledger-rows.ts'
import { type ListedRow, selectInlineBody, selectListed, selectShown } from './store/statements/listing-rows.ts'
import { selectSuspensions } from './store/statements/destination-rows.ts'
import { selectStats, selectWaitingFor } from './store/statements/stats.ts'
import { selectIndexed, selectTailContaining, selectTailOf, selectUnindexed } from './store/statements/trace-ledger.ts'

export interface ListedRecipient {
  readonly address: string
  readonly original: string
  readonly reversePath: string | null
  readonly nextHop: string
  readonly private: boolean
  readonly state: RecipientState
  readonly attempts: number
  /** Unix ms; of a claimed one: when it would be tried again. */
  readonly nextAttemptAt: number
  /** A person suspended its destination: it is not attempted, whatever its time. */
  readonly suspended: boolean
  /** What a person asked for while it is under way: done when the attempt ends without success. */
  readonly pendingAction: ControlAction | null
  /** The notice whose sending is due, or null. */
  readonly noticeDue: NoticeKind | null
  readonly last: {
    readonly at: number
    readonly status: string
    readonly reply: string
    readonly host: string | null
    /** What the refusal is about (smtp/reply-class.ts), or null. */
    readonly class: string | null
  } | null
}

export interface ListedMessage {
  readonly queueId: string
  readonly arrivedAt: number
  readonly expiresAt: number
  readonly origin: Origin
  readonly sender: string | null
  readonly size: number
  /** Those that matched the filter. */
  readonly recipients: readonly ListedRecipient[]
}

export interface ShownMessage extends ListedMessage {
  readonly parameters: MailParameters
  readonly senderProven: boolean
  readonly header: Buffer
  readonly body: StoredBody
  readonly events: readonly Event[]
}

/** Recipients read at once while listing. */
const PAGE_ROWS = 1_000
/** Mails that one trace shows by default. */
const TRACED_MAILS = 200
/** Ledger rows read of one mail: one at acceptance, one for each settled claim. */
const ROWS_PER_MAIL = 100_000

export class DirectQueueReader {
  readonly #directory: string
  readonly #db: Database

  /** Opens the queue of a data directory. Throws QueueUnavailable if there is none or it cannot be read. */
  constructor(directory: string) {
    this.#directory = directory
    this.#db = openReadOnly(directory)
  }

  /** Queued messages with the recipients that match, oldest first; read page by page, so a long queue costs no memory. */
  *list(filter: QueueFilter = {}): Generator<ListedMessage> {
    const suspended = new Set(selectSuspensions(this.#db)().map(({ nextHop }) => nextHop))
    let current: { row: ListedRow; recipients: ListedRecipient[] } | null = null
    for (let after = -1; ; ) {
      const rows = selectListed(this.#db, { filter, after, limit: PAGE_ROWS })
      for (const row of rows) {
        if (current && current.row.message !== row.message) yield listed(current.row, current.recipients)
        if (current?.row.message !== row.message) current = { row, recipients: [] }
        current.recipients.push(listedRecipient(row, suspended))
      }
      const last = rows.at(-1)
      if (!last || rows.length < PAGE_ROWS) break
      after = last.id
    }
    if (current) yield listed(current.row, current.recipients)
  }

  /** One queued message with all its recipients and events; null if it is not (or no longer) queued. */
  show(queueId: string): ShownMessage | null {
    const shown = selectShown(this.#db, queueId)
    const [message] = this.list({ queueIds: [queueId] })
    if (!shown || !message) return null
    const body: StoredBody =
      shown.spoolFile === null
        ? { kind: 'inline', bytes: selectInlineBody(this.#db, shown.id) }
        : { kind: 'spool', file: shown.spoolFile, size: shown.bodySize }
    return {
      ...message,
      parameters: shown.parameters === null ? plainMail : (JSON.parse(shown.parameters) as MailParameters),
      senderProven: shown.senderProven === 1,
      header: shown.header,
      body,
      events: this.trace(queueId),
    }
  }

  /** The body of a shown message. */
  openBody(body: StoredBody): Readable {
    if (body.kind === 'spool') return createReadStream(join(this.#directory, 'spool', body.file))
    return Readable.from([body.bytes], { objectMode: false })
  }

  /**
   * Every event of the mail that a queue id, an address (sender, original or final recipient) or a message-id names, oldest first. Of a
   * busy address only the newest `limit` mails.
   */
  trace(subject: string, limit: number = TRACED_MAILS): Event[] {
    const term = traceTerm(subject)
    const found = [
      ...this.#tailRows(term),
      ...selectIndexed(this.#db, [term], term.includes('@') ? limit : ROWS_PER_MAIL),
    ].sort((a, b) => b.id - a.id)
    const rows = new Map<number, LedgerRow>()
    const queueIds = new Set<string>()
    for (const row of found) {
      if (queueIds.size === limit && !queueIds.has(row.queueId ?? '')) continue
      rows.set(row.id, row)
      if (row.queueId !== null) queueIds.add(row.queueId)
    }
    for (const row of selectTailOf(this.#db, [...queueIds])) rows.set(row.id, row)
    queueIds.delete(term)
    for (const row of selectIndexed(this.#db, [...queueIds], ROWS_PER_MAIL)) rows.set(row.id, row)
    return [...rows.values()].sort((a, b) => a.id - b.id).flatMap((row) => JSON.parse(row.events) as Event[])
  }

  /** All events, oldest first, row by row: for exports and proofs. */
  *ledger(): Generator<Event> {
    for (let after = 0; ; ) {
      const rows = selectLedgerAfter(this.#db)(after, PAGE_ROWS)
      for (const row of rows) yield* JSON.parse(row.events) as Event[]
      const last = rows.at(-1)
      if (!last) return
      after = last.id
    }
  }

  /** Ledger rows that the node has not indexed yet (they are found all the same). */
  get unindexed(): number {
    return selectUnindexed(this.#db)
  }

  /** `now`, unix ms, tells what is older than its lifetime. */
  stats(now: number = Date.now()): QueueStats {
    // In one transaction, so that the numbers are of one moment.
    return this.#db.transaction(() => selectStats(this.#db, now))()
  }

  /** Recipients that wait for a destination. */
  waitingFor(nextHop: string): number {
    return selectWaitingFor(this.#db, nextHop)
  }

  close(): void {
    this.#db.close()
  }

  /** The tail is read before the index: a row that moves between the two meanwhile is seen twice, not never. */
  #tailRows(term: string): LedgerRow[] {
    const piece = isAscii(term) ? JSON.stringify(term.toLowerCase()).slice(1, -1) : ''
    const rows = selectTailContaining(this.#db, piece)
    return rows.filter((row) => termsOf(row.queueId, JSON.parse(row.events) as Event[]).includes(term))
  }
}

/** SQLite lowers ASCII letters only. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

function listed(row: ListedRow, recipients: readonly ListedRecipient[]): ListedMessage {
  const { queueId, arrivedAt, expiresAt, sender, size } = row
  return { queueId, arrivedAt, expiresAt, origin: JSON.parse(row.origin) as Origin, sender, size, recipients }
}

function listedRecipient(row: ListedRow, suspended: ReadonlySet<string>): ListedRecipient {
  const { address, reversePath, nextHop, attempt, nextAttemptAt, lastAt } = row
  return {
    address,
    original: row.original ?? address,
    reversePath,
    nextHop,
    private: row.private === 1,
    state: stateOf(row.state),
    attempts: attempt,
    nextAttemptAt,
    suspended: suspended.has(nextHop),
    pendingAction: row.pendingAction as ControlAction | null,
    noticeDue: row.notice === 0 ? null : (notices[row.notice] as NoticeKind),
    last:
      lastAt === null
        ? null
        : {
            at: lastAt,
            status: row.lastStatus ?? '',
            reply: row.lastReply ?? '',
            host: row.lastHost,
            class: row.lastClass,
          },
  }
}
