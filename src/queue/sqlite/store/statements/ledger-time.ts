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
export function firstSince(db: Database, since: number): number {
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

/** The next rows after an id: the last id, and the earliest time. Null without any. */
export function selectLedgerWindow(
  db: Database,
  after: number,
  rows: number,
): { readonly last: number; readonly earliest: number } | null {
  const found = db
    .prepare(
      'SELECT max(id) AS last, min(at) AS earliest FROM (SELECT id, at FROM ledger WHERE id > ? ORDER BY id LIMIT ?)',
    )
    .get(after, rows) as { last: number | null; earliest: number | null }
  return found.last === null || found.earliest === null ? null : { last: found.last, earliest: found.earliest }
}

export interface EntryQuery {
  readonly after: number
  readonly upTo: number
  /** Unix ms. */
  readonly since: number
  readonly until: number
  /** Kinds of events of which an entry has one; empty: all entries. */
  readonly kinds: readonly string[]
}

/** The events of rows (JSON arrays as text), oldest first. The text is searched here, because reading it as JSON costs ten times as much. */
export function selectEntries(db: Database, { after, upTo, since, until, kinds }: EntryQuery): string[] {
  const pieces = kinds.map((kind) => `"kind":${JSON.stringify(kind)}`)
  const hasOne = pieces.length === 0 ? '' : `AND (${pieces.map(() => 'instr(events, ?) > 0').join(' OR ')})`
  return db
    .prepare(`SELECT events FROM ledger WHERE id > ? AND id <= ? AND at >= ? AND at < ? ${hasOne} ORDER BY id`)
    .pluck()
    .all(after, upTo, since, until, ...pieces) as string[]
}
