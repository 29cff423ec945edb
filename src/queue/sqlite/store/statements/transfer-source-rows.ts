// SQL of the source of a transfer: messages frozen and released.

import type { Database } from 'better-sqlite3'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { stateNumber } from '../../../contract/states.ts'

export interface PendingTransferRow {
  readonly message: number
  readonly token: string
  readonly target: string
  readonly address: string
  readonly at: number
}

/** Messages after a row id without a running attempt and without a pending transfer. */
export function selectMovable(db: Database): (after: number, limit: number) => number[] {
  const select = db
    .prepare(`SELECT id FROM messages m WHERE id > ? AND NOT EXISTS (SELECT 1 FROM pending_transfers l WHERE l.message = m.id)
      AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535 AND r.state = 2)
      ORDER BY id LIMIT ?`)
    .pluck()
  return (after, limit) => select.all(after, limit) as number[]
}

export function selectPendingTransfers(db: Database): () => PendingTransferRow[] {
  const select = db.prepare('SELECT message, token, target, address, at FROM pending_transfers ORDER BY message')
  return () => select.all() as PendingTransferRow[]
}

export function selectPendingTransfer(db: Database): (token: string) => PendingTransferRow | null {
  const select = db.prepare('SELECT message, token, target, address, at FROM pending_transfers WHERE token = ?')
  return (token) => (select.get(token) as PendingTransferRow | undefined) ?? null
}

export function insertPendingTransfer(db: Database): (row: PendingTransferRow) => void {
  const insert = db.prepare('INSERT INTO pending_transfers VALUES (?, ?, ?, ?, ?)')
  return ({ message, token, target, address, at }) => {
    insert.run(message, token, target, address, at)
  }
}

export function deletePendingTransfer(db: Database): (message: number) => void {
  const remove = db.prepare('DELETE FROM pending_transfers WHERE message = ?')
  return (message) => {
    remove.run(message)
  }
}

/** Freezes the recipients of a message and keeps their state. Returns them with that state. */
export function freezeRecipients(db: Database): (message: number) => { nextHop: string; keptState: number }[] {
  const update =
    db.prepare(`UPDATE recipients SET kept_state = state, kept_notice = notice, state = ${stateNumber.transferring},
    notice = 0 WHERE id BETWEEN ? AND ? RETURNING next_hop AS nextHop, kept_state AS keptState`)
  return (message) =>
    update.all(firstRecipientId(message), lastRecipientId(message)) as { nextHop: string; keptState: number }[]
}

export interface ThawedRow {
  readonly nextHop: string
  readonly state: number
  readonly nextAttemptAt: number
}

/** Restores the recipients that `freezeRecipients` froze. Returns them with their restored state. */
export function thawRecipients(db: Database): (message: number) => ThawedRow[] {
  const update = db.prepare(`UPDATE recipients SET state = kept_state, notice = kept_notice, kept_state = NULL,
    kept_notice = NULL WHERE id BETWEEN ? AND ? AND state = ${stateNumber.transferring}
    RETURNING next_hop AS nextHop, state, next_attempt_at AS nextAttemptAt`)
  return (message) => update.all(firstRecipientId(message), lastRecipientId(message)) as ThawedRow[]
}

/** Removes the recipients of a message. Returns their addresses. */
export function deleteRecipientsOf(db: Database): (message: number) => string[] {
  const remove = db.prepare('DELETE FROM recipients WHERE id BETWEEN ? AND ? RETURNING address').pluck()
  return (message) => remove.all(firstRecipientId(message), lastRecipientId(message)) as string[]
}
