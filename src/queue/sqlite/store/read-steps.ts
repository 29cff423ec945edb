// The reads of a queue as steps that take a bounded part of a connection's time. The worker runs them between the node's commits; a command
// runs them on a separate read-only connection.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../observe/events.ts'
import { type MailParameters, plainMail } from '../../../smtp/envelope.ts'
import type { Origin } from '../../../smtp/origin.ts'
import { type NoticeKind, notices } from '../../contract/notify-bits.ts'
import type { ControlAction } from '../../contract/queue-control.ts'
import type {
  Hold,
  LedgerRange,
  ListedMessage,
  ListedRecipient,
  Quarantined,
  QueueOverview,
  QueueStats,
  ShownMessage,
  Trace,
} from '../../contract/queue-reader.ts'
import type { StoredBody } from '../../contract/queue.ts'
import type { QueueFilter } from '../../contract/recipient-filter.ts'
import { stateOf } from '../../contract/states.ts'
import { traceSubject, type TraceStep } from './ledger-search.ts'
import { selectSuspensions } from './statements/destination-rows.ts'
import { windowEnd } from './statements/filter-rows.ts'
import { firstSince, selectEntries, selectLedgerWindow } from './statements/ledger-time.ts'
import { type ListedRow, selectInlineBody, selectListed, selectShown } from './statements/listing-rows.ts'
import { selectQuarantined } from './statements/quarantine-rows.ts'
import { selectOldest, selectOverview, selectStats, selectWaitingFor } from './statements/stats.ts'

/** Recipient rows or ledger rows that one step looks at: a few milliseconds. */
const STEP_ROWS = 1_000
/** Recipient rows of which a step reads next hop and state only: some milliseconds. */
const SCAN_ROWS = 5_000

export type ReadStep =
  | {
      readonly kind: 'list'
      readonly filter: QueueFilter
      readonly after: number
      /** Recipients of the answer at most; all of the window without it. */
      readonly limit?: number
    }
  | { readonly kind: 'show'; readonly queueId: string }
  | ({ readonly kind: 'trace' } & TraceStep)
  | ({ readonly kind: 'ledger'; readonly after: number } & LedgerRange)
  | { readonly kind: 'stats'; readonly now: number }
  | { readonly kind: 'quarantined' }
  | { readonly kind: 'waiting-for'; readonly nextHop: string }
  | { readonly kind: 'overview' }
  | { readonly kind: 'oldest'; readonly after: number; readonly nextHops: readonly string[] }

/** Everything of a shown message but its recipients and events. */
export type ShownContent = Pick<ShownMessage, 'parameters' | 'senderProven' | 'header' | 'body'>

export interface ReadResults {
  /** A message at the border of two pages is in both, each time with a part of its recipients. `next`: where the next page begins, or null. */
  list: { readonly messages: readonly ListedMessage[]; readonly next: number | null }
  show: ShownContent | null
  trace: Trace
  ledger: { readonly events: readonly string[]; readonly next: number | null }
  stats: QueueStats
  quarantined: Quarantined
  'waiting-for': number
  overview: QueueOverview
  /** `found`: next hop and arrival, unix ms. */
  oldest: { readonly found: readonly (readonly [nextHop: string, at: number])[]; readonly next: number | null }
}

export function runReadStep(db: Database, step: ReadStep): ReadResults[ReadStep['kind']] {
  switch (step.kind) {
    case 'list':
      return listPage(db, step)
    case 'show':
      return showContent(db, step.queueId)
    case 'trace':
      return traceSubject(db, step)
    case 'ledger':
      return ledgerPage(db, step)
    case 'stats':
      return selectStats(db, step.now)
    case 'quarantined':
      return selectQuarantined(db)
    case 'waiting-for':
      return selectWaitingFor(db, step.nextHop)
    case 'overview':
      return selectOverview(db)
    case 'oldest':
      return oldestPage(db, step)
  }
}

function listPage(
  db: Database,
  { filter, after, limit = STEP_ROWS }: ReadStep & { kind: 'list' },
): ReadResults['list'] {
  // Queue IDs have an index; any other filter may match nothing in a million rows.
  const upTo = filter.queueIds ? Number.MAX_SAFE_INTEGER : windowEnd(db, after, STEP_ROWS)
  if (upTo === null) return { messages: [], next: null }
  const rows = selectListed(db, { filter, after, upTo, limit: Math.min(limit, STEP_ROWS) })
  const suspended = new Map(selectSuspensions(db)().map(({ nextHop, ...hold }) => [nextHop, hold]))
  const messages = [...Map.groupBy(rows, ({ message }) => message).values()].map((own) => listed(own, suspended))
  // A full answer continues behind its last row; the rest of the window may have more.
  const isFull = rows.length === Math.min(limit, STEP_ROWS)
  const next = isFull ? (rows.at(-1) as ListedRow).id : filter.queueIds ? null : upTo
  return { messages, next }
}

function listed(rows: readonly ListedRow[], suspended: ReadonlyMap<string, Hold>): ListedMessage {
  const { queueId, arrivedAt, expiresAt, sender, size, origin } = rows[0] as ListedRow
  const recipients = rows.map((row) => listedRecipient(row, suspended))
  return { queueId, arrivedAt, expiresAt, origin: JSON.parse(origin) as Origin, sender, size, recipients }
}

function listedRecipient(row: ListedRow, suspended: ReadonlyMap<string, Hold>): ListedRecipient {
  const { address, reversePath, nextHop, attempt, nextAttemptAt, lastAt: at } = row
  const last = { status: row.lastStatus ?? '', reply: row.lastReply ?? '', host: row.lastHost, class: row.lastClass }
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
    suspension: suspended.get(nextHop) ?? null,
    hold: row.hold === null || stateOf(row.state) !== 'held' ? null : (JSON.parse(row.hold) as Hold),
    pendingAction: row.pendingAction as ControlAction | null,
    noticeDue: row.notice === 0 ? null : (notices[row.notice] as NoticeKind),
    last: at === null ? null : { at, ...last },
  }
}

function oldestPage(db: Database, { after, nextHops }: ReadStep & { kind: 'oldest' }): ReadResults['oldest'] {
  const upTo = windowEnd(db, after, SCAN_ROWS)
  if (upTo === null) return { found: [], next: null }
  return { found: selectOldest(db, { nextHops, after, upTo }), next: upTo }
}

function showContent(db: Database, queueId: string): ShownContent | null {
  const row = selectShown(db, queueId)
  if (!row) return null
  const body: StoredBody =
    row.spoolFile === null
      ? { kind: 'inline', bytes: selectInlineBody(db, row.id) }
      : { kind: 'spool', file: row.spoolFile, size: row.bodySize }
  const parameters = row.parameters === null ? plainMail : (JSON.parse(row.parameters) as MailParameters)
  return { parameters, senderProven: row.senderProven === 1, header: row.header, body }
}

function ledgerPage(
  db: Database,
  { after: last, since = 0, until = Number.MAX_SAFE_INTEGER, kinds }: LedgerRange & { readonly after: number },
): ReadResults['ledger'] {
  const after = last === 0 && since > 0 ? firstSince(db, since) - 1 : last
  const window = selectLedgerWindow(db, after, STEP_ROWS)
  if (window === null) return { events: [], next: null }
  const events = selectEntries(db, { after, upTo: window.last, since, until, kinds: kinds ?? [] })
  return { events, next: window.earliest >= until ? null : window.last }
}

/** The events of ledger entries, which are JSON arrays. */
export function parseEvents(entries: readonly string[]): Event[] {
  return entries.flatMap((entry) => JSON.parse(entry) as Event[])
}
