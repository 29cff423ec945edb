// Room queue: indexes a segment of ledger rows at once, when enough have gathered: 32 inserts for 1024 rows, whatever they hold. A crash
// only delays it: how far it came is written in the same transaction. Readers look through the rows behind the last segment themselves.

import type { Event } from '../../../observe/events.ts'
import { BUCKETS, hashTerm, termsOf } from '../ledger-terms.ts'
import type { LedgerRow } from '../statements/ledger-rows.ts'
import type { StoreContext } from '../store-context.ts'

/** Ledger rows of a segment: some milliseconds of work, and few enough for readers to look through. */
export const SEGMENT_ROWS = 1_024

/** Indexes the next segment if it is full. */
export function indexLedger(context: StoreContext): void {
  const rows = context.sql.selectLedgerAfter(context.sql.selectMeta('indexed_to'), SEGMENT_ROWS)
  const [begin, end] = [rows[0], rows.at(-1)]
  if (rows.length < SEGMENT_ROWS || !begin || !end) return
  const buckets = Array.from({ length: BUCKETS }, (): number[] => [])
  for (const row of rows)
    for (const term of rowTerms(row)) {
      const { hash, bucket } = hashTerm(term)
      buckets[bucket]?.push(hash, row.id - begin.id)
    }
  for (const [bucket, pairs] of buckets.entries()) {
    const entries = new Uint8Array(Uint32Array.from(pairs).buffer)
    if (pairs.length > 0) context.sql.insertIndex({ bucket, first: begin.id, last: end.id, entries })
  }
  context.sql.updateMeta('indexed_to', end.id)
}

/** Kinds of events that carry terms beside the queue id: only rows that mention one have to be parsed. */
const telling = ['"received"', '"resolved"', '"rejected"', '"suspended"', '"resumed"']

function rowTerms(row: LedgerRow): string[] {
  const { queueId, events } = row
  if (telling.some((kind) => events.includes(kind))) return termsOf(queueId, JSON.parse(events) as Event[])
  return queueId === null ? [] : [queueId]
}
