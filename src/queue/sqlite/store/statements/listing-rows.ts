// SQL of listing and showing queued messages.

import type { Database } from 'better-sqlite3'
import type { QueueFilter } from '../../../contract/recipient-filter.ts'
import { filterSql } from './filter-rows.ts'
import type { MessageFacts } from './message-rows.ts'
import type { EnvelopeColumns, LastAttemptColumns } from './recipient-rows.ts'

export interface ListedRow extends MessageFacts, Omit<EnvelopeColumns, 'notify' | 'orcpt'>, LastAttemptColumns {
  readonly id: number
  readonly message: number
  readonly sender: string | null
  readonly origin: string
  readonly size: number
  readonly nextHop: string
  readonly state: number
  readonly attempt: number
  readonly pendingAction: string | null
  readonly nextAttemptAt: number
  readonly notice: number
  /** JSON of Hold. */
  readonly hold: string | null
}

const columns = `r.id, m.id AS message, m.queue_id AS queueId, m.arrived_at AS arrivedAt, m.expires_at AS expiresAt, m.sender,
  m.origin, m.header_size + m.body_size AS size, r.address, r.original, r.reverse_path AS reversePath, r.next_hop AS nextHop,
  r.private, r.state, r.attempt, r.pending_action ->> 'action' AS pendingAction, r.next_attempt_at AS nextAttemptAt, r.notice, r.hold, r.last_at AS lastAt,
  r.last_status AS lastStatus, r.last_reply AS lastReply, r.last_host AS lastHost, r.last_class AS lastClass`

/** Matching recipients between two row ids, oldest message first. */
export function selectListed(
  db: Database,
  request: { readonly filter: QueueFilter; readonly after: number; readonly upTo: number; readonly limit: number },
): ListedRow[] {
  const { where, values } = filterSql(request.filter)
  return db
    .prepare(`SELECT ${columns} FROM recipients r JOIN messages m ON m.id = r.id >> 16
      WHERE r.id > ? AND r.id <= ? AND ${where} ORDER BY r.id LIMIT ?`)
    .all(request.after, request.upTo, ...values, request.limit) as ListedRow[]
}

export interface ShownRow {
  readonly id: number
  readonly parameters: string | null
  readonly senderProven: 0 | 1
  readonly spoolFile: string | null
  readonly bodySize: number
  readonly header: Buffer
}

/** The columns of a message that a listing does not have; without an inline body. */
export function selectShown(db: Database, queueId: string): ShownRow | null {
  const row = db
    .prepare(`SELECT id, parameters, sender_proven AS senderProven, spool_file AS spoolFile, body_size AS bodySize,
      substr(content, 1, header_size) AS header FROM messages WHERE queue_id = ?`)
    .get(queueId) as ShownRow | undefined
  return row ?? null
}

/** The inline body; empty if it is in a spool file. */
export function selectInlineBody(db: Database, message: number): Buffer {
  return db.prepare('SELECT substr(content, header_size + 1) FROM messages WHERE id = ?').pluck().get(message) as Buffer
}
