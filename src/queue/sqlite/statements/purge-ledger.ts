// Room queue: SQL that finds old ledger rows, with whether their message is still queued.

import type { Database } from 'better-sqlite3'

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
