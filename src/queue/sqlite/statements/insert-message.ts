// Room queue: SQL that adds a message row.

import type { Database } from 'better-sqlite3'

export interface MessageRow {
  readonly id: number
  readonly queueId: string
  readonly arrivedAt: number
  readonly expiresAt: number
  readonly sender: string | null
  readonly senderProven: 0 | 1
  readonly origin: string
  readonly parameters: string | null
  readonly spoolFile: string | null
  readonly headerSize: number
  readonly bodySize: number
  readonly content: Uint8Array
}

export function insertMessage(db: Database): (row: MessageRow) => void {
  const insert = db.prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  return (row) => {
    insert.run(
      row.id,
      row.queueId,
      row.arrivedAt,
      row.expiresAt,
      row.sender,
      row.senderProven,
      row.origin,
      row.parameters,
      row.spoolFile,
      row.headerSize,
      row.bodySize,
      row.content,
    )
  }
}
