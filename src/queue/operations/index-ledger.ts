// Room queue: adds the search terms of new ledger rows to the index, many at a time and sorted, when the worker has time. A crash only
// delays it: how far it came is written in the same transaction.

import type { Event } from '../../observe/events.ts'
import { termsOf } from '../ledger-terms.ts'
import type { StoreContext } from '../store-context.ts'

/** Rows indexed in one step: sorted insertion pays from hundreds on; a step is a few milliseconds. */
const ROWS_PER_STEP = 500

/** Indexes the next rows. True if there may be more. */
export function indexLedger(context: StoreContext): boolean {
  const rows = context.sql.selectLedgerAfter(context.sql.selectMeta('indexed_to'), ROWS_PER_STEP)
  const terms: (readonly [term: string, ledger: number])[] = []
  for (const row of rows)
    for (const term of termsOf(row.queueId, JSON.parse(row.events) as Event[])) terms.push([term, row.id])
  terms.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]))
  for (const [term, ledger] of terms) context.sql.insertTerm(term, ledger)
  const last = rows.at(-1)
  if (last) context.sql.updateMeta('indexed_to', last.id)
  return rows.length === ROWS_PER_STEP
}
