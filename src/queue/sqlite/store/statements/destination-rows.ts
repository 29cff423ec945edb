// SQL of destinations: what waits for each one, and which ones an operator suspended.

import type { Database } from 'better-sqlite3'
import type { Suspension } from '../../../contract/queue-reader.ts'
import type { DestinationSummary } from '../../../contract/queue.ts'

/** All destinations with waiting recipients: one scan of the partial index. */
export function selectWaiting(db: Database): () => DestinationSummary[] {
  const select = db.prepare(`SELECT next_hop AS nextHop, count(*) AS waiting, min(next_attempt_at) AS earliestAttemptAt
    FROM recipients WHERE state < 2 GROUP BY next_hop`)
  return () => select.all() as DestinationSummary[]
}

/** The earliest next-attempt time of a destination, or null: one index look-up. */
export function selectEarliest(db: Database): (nextHop: string) => number | null {
  const select = db
    .prepare('SELECT next_attempt_at FROM recipients WHERE state < 2 AND next_hop = ? ORDER BY next_attempt_at LIMIT 1')
    .pluck()
  return (nextHop) => (select.get(nextHop) as number | undefined) ?? null
}

export function selectSuspensions(db: Database): () => Suspension[] {
  const select = db.prepare('SELECT next_hop AS nextHop, at, "by", reason FROM suspensions ORDER BY next_hop')
  return () => select.all() as Suspension[]
}

export function insertSuspension(db: Database): (suspension: Suspension) => boolean {
  const insert = db.prepare('INSERT OR IGNORE INTO suspensions VALUES (?, ?, ?, ?)')
  return ({ nextHop, at, by, reason }) => insert.run(nextHop, at, by, reason).changes > 0
}

export function deleteSuspension(db: Database): (nextHop: string) => boolean {
  const remove = db.prepare('DELETE FROM suspensions WHERE next_hop = ?')
  return (nextHop) => remove.run(nextHop).changes > 0
}
