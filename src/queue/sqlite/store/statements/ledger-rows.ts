// SQL of the ledger.

import type { Database } from 'better-sqlite3'

/** Appends events (a JSON array as text). `queueId` null: refused mail. */
export function insertLedger(db: Database): (at: number, queueId: string | null, events: string) => void {
  const insert = db.prepare('INSERT INTO ledger (at, queue_id, events) VALUES (?, ?, ?)')
  return (at, queueId, events) => {
    insert.run(at, queueId, events)
  }
}

export interface LedgerRow {
  readonly id: number
  readonly at: number
  readonly queueId: string | null
  readonly events: string
}

/** Ledger rows after an id, in order. */
export function selectLedgerAfter(db: Database): (id: number, limit: number) => LedgerRow[] {
  const select = db.prepare('SELECT id, at, queue_id AS queueId, events FROM ledger WHERE id > ? ORDER BY id LIMIT ?')
  return (id, limit) => select.all(id, limit) as LedgerRow[]
}

/** Ids ascend and the last row is never purged, so the difference of two ids is an upper bound of the rows between them. */
export function selectLastLedgerId(db: Database): () => number {
  const select = db.prepare('SELECT max(id) FROM ledger').pluck()
  return () => (select.get() as number | null) ?? 0
}

export function deleteLedger(db: Database): (id: number) => void {
  const remove = db.prepare('DELETE FROM ledger WHERE id = ?')
  return (id) => {
    remove.run(id)
  }
}

export interface PurgeableRow {
  readonly id: number
  readonly queued: 0 | 1
}

/** Old rows after an id, in order; never the last row, whose id keeps new ids from repeating. */
export function selectPurgeable(
  db: Database,
  request: { readonly before: number; readonly after: number; readonly limit: number; readonly last: number },
): PurgeableRow[] {
  return db
    .prepare(`SELECT id, EXISTS (SELECT 1 FROM messages m WHERE m.queue_id = ledger.queue_id) AS queued
      FROM ledger WHERE id > ? AND id < ? AND at < ? ORDER BY id LIMIT ?`)
    .all(request.after, request.last, request.before, request.limit) as PurgeableRow[]
}
