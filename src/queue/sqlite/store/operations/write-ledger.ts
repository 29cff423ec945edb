// Operations on the ledger: events that change no state, the index, and the purge of old events.

import type { Database } from 'better-sqlite3'
import type { OperationResults } from '../../worker/worker-protocol.ts'
import { selectPurgeable } from '../statements/ledger-rows.ts'
import type { StoreContext } from '../store-context.ts'
import type { WireEvents } from '../../worker/worker-protocol.ts'
import type { Event } from '../../../../observe/events.ts'
import { BUCKETS, hashTerm, termsOf } from '../ledger-terms.ts'
import type { LedgerRow } from '../statements/ledger-rows.ts'

/** Ledger rows of one purge step. */
const STEP_ROWS = 500

/** Receipts of transfers outlive the ledger: a source that was off for months may still ask for the answer. */
const RECEIPTS_KEPT_MS = 366 * 86_400_000

export function purge(
  context: StoreContext,
  request: { readonly before: number; readonly after: number },
  db: Database,
): OperationResults['purge'] {
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
  context.sql.transfers.deleteReceipts(request.before - RECEIPTS_KEPT_MS)
  return { removed, next: null }
}

export function record(context: StoreContext, request: { readonly events: readonly WireEvents[] }): null {
  for (const { at, queueId, events } of request.events) context.sql.insertLedger(at, queueId, events)
  return null
}

/** Ledger rows of a segment: some milliseconds of work, and few enough for readers to look through. */
export const SEGMENT_ROWS = 1_024

/** Indexes the next segment if it is full. */
export function indexLedger(context: StoreContext): void {
  const rows = context.sql.selectLedgerAfter(context.sql.selectMeta('indexed_to'), SEGMENT_ROWS)
  const [begin, end] = [rows[0], rows.at(-1)]
  if (rows.length < SEGMENT_ROWS || !begin || !end) return
  indexSegment(context, rows, { first: begin.id, last: end.id })
  context.sql.updateMeta('indexed_to', end.id)
}

/** Writes the index of the rows of a segment. */
export function indexSegment(
  context: StoreContext,
  rows: readonly LedgerRow[],
  { first, last }: { readonly first: number; readonly last: number },
): void {
  const buckets = Array.from({ length: BUCKETS }, (): number[] => [])
  for (const row of rows)
    for (const term of rowTerms(row)) {
      const { hash, bucket } = hashTerm(term)
      buckets[bucket]?.push(hash, row.id - first)
    }
  for (const [bucket, pairs] of buckets.entries()) {
    const entries = new Uint8Array(Uint32Array.from(pairs).buffer)
    if (pairs.length > 0) context.sql.insertIndex({ bucket, first, last, entries })
  }
}

/** Kinds of events that carry terms beside the queue id: only rows that mention one have to be parsed. */
const telling = ['"received"', '"resolved"', '"rejected"', '"would-reject"', '"suspended"', '"resumed"']

function rowTerms(row: LedgerRow): string[] {
  const { queueId, events } = row
  if (telling.some((kind) => events.includes(kind))) return termsOf(queueId, JSON.parse(events) as Event[])
  return queueId === null ? [] : [queueId]
}
