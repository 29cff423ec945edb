// SQL of a recipient that moves between queues: everything but its row id.

import type { Database } from 'better-sqlite3'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { type EnvelopeColumns, envelopeColumns, type LastAttemptColumns, lastAttemptColumns } from './recipient-rows.ts'

export interface TransferRow extends EnvelopeColumns, LastAttemptColumns {
  readonly state: number
  readonly notice: number
  readonly nextHop: string
  readonly nextAttemptAt: number
  readonly attempt: number
  readonly delayNotified: 0 | 1
}

/** The recipients of a frozen message with their state before the freeze. */
export function selectTransferred(db: Database): (message: number) => TransferRow[] {
  const select =
    db.prepare(`SELECT kept_state AS state, kept_notice AS notice, next_hop AS nextHop, next_attempt_at AS nextAttemptAt,
    attempt, ${envelopeColumns}, delay_notified AS delayNotified, ${lastAttemptColumns}
    FROM recipients WHERE id BETWEEN ? AND ? ORDER BY id`)
  return (message) => select.all(firstRecipientId(message), lastRecipientId(message)) as TransferRow[]
}

/** Adds a recipient with its state in the source queue; `flow` is that of this queue. */
export function insertTransferred(db: Database): (id: number, row: TransferRow, flow: number) => void {
  const insert =
    db.prepare(`INSERT INTO recipients (id, flow, state, notice, next_hop, next_attempt_at, attempt, notify, private,
    address, original, reverse_path, orcpt, delay_notified, last_at, last_status, last_reply, last_host, last_class)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  return (id, row, flow) => {
    insert.run(
      id,
      flow,
      row.state,
      row.notice,
      row.nextHop,
      row.nextAttemptAt,
      row.attempt,
      row.notify,
      row.private,
      row.address,
      row.original,
      row.reversePath,
      row.orcpt,
      row.delayNotified,
      row.lastAt,
      row.lastStatus,
      row.lastReply,
      row.lastHost,
      row.lastClass,
    )
  }
}
