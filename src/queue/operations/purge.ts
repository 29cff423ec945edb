// Room queue, operation purge: forgets ledger rows of mail that has left the queue, a step at a time. Rows are in the order of time.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../observe/events.ts'
import { termsOf } from '../ledger-terms.ts'
import type { Answers } from '../operation.ts'
import { selectPurgeable } from '../statements/purge-ledger.ts'
import type { StoreContext } from '../store-context.ts'

/** Ledger rows looked at in one step. */
const STEP_ROWS = 500

export function purge(
  context: StoreContext,
  request: { readonly before: number; readonly after: number },
  db: Database,
): Answers['purge'] {
  const rows = selectPurgeable(db, { ...request, limit: STEP_ROWS, last: context.sql.selectLastLedgerId() })
  let removed = 0
  for (const row of rows) {
    if (row.queued === 1) continue
    for (const term of termsOf(row.queueId, JSON.parse(row.events) as Event[])) context.sql.deleteTerm(term, row.id)
    context.sql.deleteLedger(row.id)
    removed++
  }
  return { removed, next: rows.length < STEP_ROWS ? null : (rows.at(-1)?.id ?? null) }
}
