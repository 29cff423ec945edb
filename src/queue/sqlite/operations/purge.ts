// Room queue, operation purge: forgets ledger rows of mail that has left the queue, a step at a time. Rows are in the order of time.

import type { Database } from 'better-sqlite3'
import type { Answers } from '../worker-protocol.ts'
import { selectPurgeable } from '../statements/purge-ledger.ts'
import type { StoreContext } from '../store-context.ts'

/** Ledger rows looked at in one step. */
const STEP_ROWS = 500

/** Answers to hand-overs outlive the ledger: another node may have been switched off with a message that only we can answer for. */
const RECEIPTS_KEPT_MS = 366 * 86_400_000

export function purge(
  context: StoreContext,
  request: { readonly before: number; readonly after: number },
  db: Database,
): Answers['purge'] {
  const rows = selectPurgeable(db, { ...request, limit: STEP_ROWS, last: context.sql.selectLastLedgerId() })
  let removed = 0
  for (const row of rows) {
    if (row.queued === 1) continue
    context.sql.deleteLedger(row.id)
    removed++
  }
  const last = rows.at(-1)?.id ?? request.after
  if (rows.length === STEP_ROWS) return { removed, next: last }
  context.sql.deleteEmptyIndex(last)
  context.sql.handover.deleteReceipts(request.before - RECEIPTS_KEPT_MS)
  return { removed, next: null }
}
