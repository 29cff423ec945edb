// Finds the ledger rows of a subject: in the index, and in the rows behind the last indexed segment.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../observe/events.ts'
import type { Trace, TraceRange } from '../../contract/queue-reader.ts'
import { termsOf, traceTerm } from './ledger-terms.ts'
import type { LedgerRow } from './statements/ledger-rows.ts'
import { selectActive } from './statements/ledger-time.ts'
import { selectIndexed, selectTailContaining, selectTailOf } from './statements/trace-ledger.ts'

/** Ledger rows read per message: one at acceptance, one per settled claim. */
const ROWS_PER_MESSAGE = 100_000
/** Messages that one trace shows by default. */
const TRACED_MESSAGES = 200

/** No event is younger than its row by more than this: the events of a row happen within one session or attempt. */
const ROW_SPAN_MS = 24 * 3_600_000

export interface TraceStep extends TraceRange {
  readonly subject: string
}

/** The events of the messages that a queue ID, an address or a Message-ID names, oldest first. */
export function traceSubject(db: Database, { subject, limit = TRACED_MESSAGES, ...range }: TraceStep): Trace {
  const term = traceTerm(subject)
  // Queue IDs and Message-IDs name few messages, whose rows the limit must not cut. One more row shows that there are older messages.
  const most = term.includes('@') ? limit + 1 : ROWS_PER_MESSAGE
  const matches = rangeTest(db, range)
  // The tail is read before the index: a row that is indexed in between is found twice, not never.
  const tail = tailRows(db, term).filter(matches)
  const indexed = selectIndexed(db, [term], { limit: most, matches })
  const { rows, hasOlder } = newestMessages([...tail, ...indexed], limit)
  const queueIds = new Set([...rows.values()].flatMap(({ queueId }) => queueId ?? []))
  for (const row of selectTailOf(db, [...queueIds])) rows.set(row.id, row)
  queueIds.delete(term)
  for (const row of selectIndexed(db, [...queueIds], { limit: ROWS_PER_MESSAGE })) rows.set(row.id, row)
  const events = [...rows.values()].toSorted((a, b) => a.id - b.id).flatMap((row) => eventsIn(row, range))
  return { events, hasOlder }
}

/** The rows of the newest messages, by id. A refusal has no queue ID and counts as a message, in the tail as in the index. */
function newestMessages(
  found: readonly LedgerRow[],
  limit: number,
): { readonly rows: Map<number, LedgerRow>; readonly hasOlder: boolean } {
  const rows = new Map<number, LedgerRow>()
  const messages = new Set<string | number>()
  let hasOlder = false
  for (const row of found.toSorted((a, b) => b.id - a.id)) {
    const message = row.queueId ?? row.id
    if (messages.size < limit || messages.has(message)) {
      messages.add(message)
      rows.set(row.id, row)
    } else hasOlder = true
  }
  return { rows, hasOlder }
}

/** Addresses are in the rows of acceptance: a message that arrived earlier counts if anything happened to it in the range. */
function rangeTest(db: Database, range: TraceRange): (row: LedgerRow) => boolean {
  if (range.since === undefined && range.until === undefined) return () => true
  const active = range.since === undefined ? new Set<string>() : selectActive(db, { ...range, since: range.since })
  return (row) => eventsIn(row, range).length > 0 || (row.queueId !== null && active.has(row.queueId))
}

function eventsIn(row: LedgerRow, { since = 0, until = Number.POSITIVE_INFINITY }: TraceRange): Event[] {
  // Reading the text of each row of a busy address is slow. Events of a transferred message may be much older than their row.
  if (row.at + ROW_SPAN_MS < since) return []
  return (JSON.parse(row.events) as Event[]).filter(({ at }) => at >= since && at < until)
}

function tailRows(db: Database, term: string): LedgerRow[] {
  // SQLite's lower() changes ASCII letters only: another term is compared with every row of the tail.
  const piece = isAscii(term) ? JSON.stringify(term.toLowerCase()).slice(1, -1) : ''
  return selectTailContaining(db, piece).filter((row) =>
    termsOf(row.queueId, JSON.parse(row.events) as Event[]).includes(term),
  )
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}
