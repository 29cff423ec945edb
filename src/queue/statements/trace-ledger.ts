// Room queue: SQL of `trace`: ledger rows by queue id, address or message-id, the not yet indexed tail included.

import type { Database } from 'better-sqlite3'
import type { LedgerRow } from './ledger.ts'

const columns = 'l.id, l.at, l.queue_id AS queueId, l.events'

/** Indexed rows of a term, newest first. */
export function selectIndexed(db: Database, term: string, limit: number): LedgerRow[] {
  return db
    .prepare(`SELECT ${columns} FROM ledger_terms t JOIN ledger l ON l.id = t.ledger WHERE t.term = ?
      ORDER BY t.ledger DESC LIMIT ?`)
    .all(term, limit) as LedgerRow[]
}

/** The tail: rows not indexed yet. */
const tail = "l.id > (SELECT value FROM meta WHERE name = 'indexed_to')"

/** Tail rows whose text contains a piece of JSON at all, any case of ASCII; the caller compares exactly. */
export function selectTailContaining(db: Database, piece: string): LedgerRow[] {
  return db
    .prepare(`SELECT ${columns} FROM ledger l WHERE ${tail} AND instr(lower(l.events), ?) > 0`)
    .all(piece) as LedgerRow[]
}

/** Tail rows of some queue ids. */
export function selectTailOf(db: Database, queueIds: readonly string[]): LedgerRow[] {
  return db
    .prepare(`SELECT ${columns} FROM ledger l WHERE ${tail} AND l.queue_id IN (SELECT value FROM json_each(?))`)
    .all(JSON.stringify(queueIds)) as LedgerRow[]
}

/** Rows of the tail. */
export function selectUnindexed(db: Database): number {
  return db.prepare(`SELECT count(*) FROM ledger l WHERE ${tail}`).pluck().get() as number
}
