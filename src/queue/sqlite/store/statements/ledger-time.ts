// SQL of the ledger by time. The time has no index: ids ascend with it, except for the history of transferred messages.

import type { Database } from 'better-sqlite3'

/** Rows that are looked at together: more than the history of nearly every transferred message, which ends with a row of its transfer. */
const PROBE_ROWS = 64

/** Queue IDs of the rows from `since` on and before `until`, unix ms. */
export function selectActive(
  db: Database,
  { since, until }: { readonly since: number; readonly until?: number },
): Set<string> {
  const found = db
    .prepare('SELECT DISTINCT queue_id FROM ledger WHERE id >= ? AND at >= ? AND at < ? AND queue_id IS NOT NULL')
    .pluck()
    .all(firstSince(db, since), since, until ?? Number.MAX_SAFE_INTEGER)
  return new Set(found as string[])
}

/** An id before which no row is from `since` or later, by a binary search. */
function firstSince(db: Database, since: number): number {
  const latestFrom = db.prepare('SELECT max(at) FROM (SELECT at FROM ledger WHERE id >= ? ORDER BY id LIMIT ?)').pluck()
  const bounds = db.prepare('SELECT min(id) AS low, max(id) AS high FROM ledger').get()
  let { low, high } = bounds as { low: number | null; high: number | null }
  if (low === null || high === null) return 0
  while (low < high) {
    const middle: number = Math.floor((low + high) / 2)
    const latest = latestFrom.get(middle, PROBE_ROWS) as number | null
    if (latest !== null && latest >= since) high = middle
    else low = middle + 1
  }
  return low
}
