// Finds the ledger rows of a subject: in the index, and in the rows behind the last indexed segment.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../observe/events.ts'
import { termsOf, traceTerm } from './ledger-terms.ts'
import type { LedgerRow } from './statements/ledger-rows.ts'
import { selectIndexed, selectTailContaining, selectTailOf } from './statements/trace-ledger.ts'

/** Ledger rows read per message: one at acceptance, one per settled claim. */
const ROWS_PER_MESSAGE = 100_000

/**
 * The events of the messages that a queue ID, an address or a Message-ID names, as JSON arrays, oldest first; of an address only the
 * newest `limit` messages and refusals.
 */
export function traceSubject(
  db: Database,
  { subject, limit }: { readonly subject: string; readonly limit: number },
): string[] {
  const term = traceTerm(subject)
  // The tail is read before the index: a row that is indexed in between is found twice, not never.
  const tail = tailRows(db, term)
  const found = [...tail, ...selectIndexed(db, [term], term.includes('@') ? limit : ROWS_PER_MESSAGE)]
  const rows = new Map<number, LedgerRow>()
  const queueIds = new Set<string>()
  // A refusal has no queue ID and counts as a message, in the tail as in the index.
  const messages = new Set<string | number>()
  for (const row of found.toSorted((a, b) => b.id - a.id)) {
    const message = row.queueId ?? row.id
    if (messages.size === limit && !messages.has(message)) continue
    messages.add(message)
    rows.set(row.id, row)
    if (row.queueId !== null) queueIds.add(row.queueId)
  }
  for (const row of selectTailOf(db, [...queueIds])) rows.set(row.id, row)
  queueIds.delete(term)
  for (const row of selectIndexed(db, [...queueIds], ROWS_PER_MESSAGE)) rows.set(row.id, row)
  return [...rows.values()].toSorted((a, b) => a.id - b.id).map(({ events }) => events)
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
