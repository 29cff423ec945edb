// Room queue: SQL about which spool files have an owner.

import type { Database } from 'better-sqlite3'

export interface SpoolRow {
  readonly message: number
  readonly queueId: string
  readonly file: string
  readonly size: number
}

export function selectSpoolFiles(db: Database): SpoolRow[] {
  return db
    .prepare(`SELECT id AS message, queue_id AS queueId, spool_file AS file, body_size AS size FROM messages
      WHERE spool_file IS NOT NULL`)
    .all() as SpoolRow[]
}
