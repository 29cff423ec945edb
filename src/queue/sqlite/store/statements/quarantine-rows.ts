// SQL of quarantined mail: held recipients whose hold has an end. An index has them only, so that each read is short in a long queue.

import type { Database } from 'better-sqlite3'
import type { Quarantined } from '../../../contract/queue-reader.ts'
import { controlledColumns, type ControlledRow } from './control-rows.ts'

const quarantined = 'r.state = 3 AND r.hold_until IS NOT NULL'

/** Held recipients whose hold has ended, the oldest first. */
export function selectEndedHolds(db: Database): (now: number, limit: number) => ControlledRow[] {
  const select = db.prepare(
    `SELECT ${controlledColumns} FROM recipients r WHERE ${quarantined} AND r.hold_until <= ? ORDER BY r.hold_until LIMIT ?`,
  )
  return (now, limit) => select.all(now, limit) as ControlledRow[]
}

export function selectQuarantined(db: Database): Quarantined {
  return db
    .prepare(`SELECT count(*) AS messages, coalesce(sum(header_size + body_size), 0) AS octets, min(arrived_at) AS oldestArrivedAt
      FROM messages WHERE id IN (SELECT DISTINCT r.id >> 16 FROM recipients r WHERE ${quarantined})`)
    .get() as Quarantined
}
