// SQL of message rows and of the spool files that they name.

import type { Database } from 'better-sqlite3'
import type { DeliveredFacts } from '../../../contract/queue.ts'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'

/** The columns of a message that most statements need. Times are unix milliseconds. */
export interface MessageFacts {
  readonly queueId: string
  readonly arrivedAt: number
  readonly expiresAt: number
}

export interface StoredRow extends Omit<MessageRow, 'content'> {
  readonly content: Buffer
}

export function selectMessage(db: Database): (id: number) => StoredRow | null {
  const select = db.prepare(`SELECT id, queue_id AS queueId, arrived_at AS arrivedAt, expires_at AS expiresAt, sender,
    sender_proven AS senderProven, origin, parameters, spool_file AS spoolFile, header_size AS headerSize,
    body_size AS bodySize, content FROM messages WHERE id = ?`)
  return (id) => (select.get(id) as StoredRow | undefined) ?? null
}

export function selectMessageFacts(db: Database): (id: number) => MessageFacts | null {
  const select = db.prepare(
    'SELECT queue_id AS queueId, arrived_at AS arrivedAt, expires_at AS expiresAt FROM messages WHERE id = ?',
  )
  return (id) => (select.get(id) as MessageFacts | undefined) ?? null
}

export function selectDeliveredFacts(db: Database): (id: number) => DeliveredFacts | null {
  const select = db.prepare(
    'SELECT sender, arrived_at AS arrivedAt, header_size + body_size AS size FROM messages WHERE id = ?',
  )
  return (id) => (select.get(id) as DeliveredFacts | undefined) ?? null
}

/** The greatest message id in use, 0 for none. */
export function selectLastMessageId(db: Database): number {
  return (db.prepare('SELECT max(id) FROM messages').pluck().get() as number | null) ?? 0
}

/** The row id of a message by its queue id, or null. */
export function selectMessageIdOf(db: Database): (queueId: string) => number | null {
  const select = db.prepare('SELECT id FROM messages WHERE queue_id = ?').pluck()
  return (queueId) => (select.get(queueId) as number | undefined) ?? null
}

export interface MessageRow extends MessageFacts {
  readonly id: number
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

/** Removes the message if no recipient is left. Returns its spool file to unlink after the commit, or null. */
export function removeFinishedMessage(db: Database): (id: number) => { removed: boolean; spoolFile: string | null } {
  const remains = db.prepare('SELECT 1 FROM recipients WHERE id BETWEEN ? AND ? LIMIT 1').pluck()
  const remove = db.prepare('DELETE FROM messages WHERE id = ? RETURNING spool_file').pluck()
  return (id) => {
    if (remains.get(firstRecipientId(id), lastRecipientId(id)) !== undefined) return { removed: false, spoolFile: null }
    const spoolFile = remove.get(id) as string | null | undefined
    return { removed: spoolFile !== undefined, spoolFile: spoolFile ?? null }
  }
}

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
