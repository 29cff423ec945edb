// Room queue: SQL that reads one message row with its content.

import type { Database } from 'better-sqlite3'
import type { MessageRow } from './insert-message.ts'

export interface StoredRow extends Omit<MessageRow, 'content'> {
  readonly content: Buffer
}

export function selectMessage(db: Database): (id: number) => StoredRow | null {
  const select = db.prepare(`SELECT id, queue_id AS queueId, arrived_at AS arrivedAt, expires_at AS expiresAt, sender,
    sender_proven AS senderProven, origin, parameters, spool_file AS spoolFile, header_size AS headerSize,
    body_size AS bodySize, content FROM messages WHERE id = ?`)
  return (id) => (select.get(id) as StoredRow | undefined) ?? null
}

/** What settling has to know of a message: no content. */
export interface MessageFacts {
  readonly queueId: string
  readonly arrivedAt: number
  readonly expiresAt: number
}

export function selectMessageFacts(db: Database): (id: number) => MessageFacts | null {
  const select = db.prepare(
    'SELECT queue_id AS queueId, arrived_at AS arrivedAt, expires_at AS expiresAt FROM messages WHERE id = ?',
  )
  return (id) => (select.get(id) as MessageFacts | undefined) ?? null
}

/** The greatest message id in use, 0 for none: where a new process goes on counting. */
export function selectLastMessageId(db: Database): number {
  return (db.prepare('SELECT max(id) FROM messages').pluck().get() as number | null) ?? 0
}

/** The row id of a message by its queue id, or null. */
export function selectMessageIdOf(db: Database): (queueId: string) => number | null {
  const select = db.prepare('SELECT id FROM messages WHERE queue_id = ?').pluck()
  return (queueId) => (select.get(queueId) as number | undefined) ?? null
}
