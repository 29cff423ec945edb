// Room queue: SQL of the hand-over: what leaves, what was taken, and the identity of this queue.

import type { Database } from 'better-sqlite3'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { stateNumber } from '../states.ts'

export interface LeavingRow {
  readonly message: number
  readonly token: string
  readonly target: string
  readonly address: string
  readonly at: number
}

/** The name of this queue among all queues. */
export function selectIdentity(db: Database): string {
  return db.prepare('SELECT queue FROM identity').pluck().get() as string
}

/** Messages after a row id of which nothing is under way and that do not leave already. */
export function selectMovable(db: Database, after: number, limit: number): number[] {
  return db
    .prepare(`SELECT id FROM messages m WHERE id > ? AND NOT EXISTS (SELECT 1 FROM leaving l WHERE l.message = m.id)
      AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535 AND r.state = 2)
      ORDER BY id LIMIT ?`)
    .pluck()
    .all(after, limit) as number[]
}

export function selectLeaving(db: Database): LeavingRow[] {
  return db.prepare('SELECT message, token, target, address, at FROM leaving ORDER BY message').all() as LeavingRow[]
}

export function selectLeavingByToken(db: Database, token: string): LeavingRow | null {
  const row = db.prepare('SELECT message, token, target, address, at FROM leaving WHERE token = ?').get(token)
  return (row as LeavingRow | undefined) ?? null
}

export function insertLeaving(db: Database, row: LeavingRow): void {
  db.prepare('INSERT INTO leaving VALUES (?, ?, ?, ?, ?)').run(row.message, row.token, row.target, row.address, row.at)
}

export function deleteLeaving(db: Database, message: number): void {
  db.prepare('DELETE FROM leaving WHERE message = ?').run(message)
}

/** Freezes the recipients of a message and keeps what they were. Returns them with their state before. */
export function freezeRecipients(db: Database, message: number): { nextHop: string; keptState: number }[] {
  return db
    .prepare(`UPDATE recipients SET kept_state = state, kept_notice = notice, state = ${stateNumber.leaving}, notice = 0
      WHERE id BETWEEN ? AND ? RETURNING next_hop AS nextHop, kept_state AS keptState`)
    .all(firstRecipientId(message), lastRecipientId(message)) as { nextHop: string; keptState: number }[]
}

/** The opposite of `freezeRecipients`. Returns them as they are now. */
export function thawRecipients(
  db: Database,
  message: number,
): { nextHop: string; state: number; nextAttemptAt: number }[] {
  return db
    .prepare(`UPDATE recipients SET state = kept_state, notice = kept_notice, kept_state = NULL, kept_notice = NULL
      WHERE id BETWEEN ? AND ? AND state = ${stateNumber.leaving}
      RETURNING next_hop AS nextHop, state, next_attempt_at AS nextAttemptAt`)
    .all(firstRecipientId(message), lastRecipientId(message)) as {
    nextHop: string
    state: number
    nextAttemptAt: number
  }[]
}

/** Removes the recipients of a message; their addresses. */
export function deleteRecipientsOf(db: Database, message: number): string[] {
  return db
    .prepare('DELETE FROM recipients WHERE id BETWEEN ? AND ? RETURNING address')
    .pluck()
    .all(firstRecipientId(message), lastRecipientId(message)) as string[]
}

/** What was answered to a hand-over, or null. */
export function selectReceipt(db: Database, token: string): { readonly taken: 0 | 1 } | null {
  const row = db.prepare('SELECT taken FROM receipts WHERE token = ?').get(token) as { taken: 0 | 1 } | undefined
  return row ?? null
}

export function insertReceipt(db: Database, receipt: { token: string; taken: boolean; at: number }): void {
  db.prepare('INSERT INTO receipts VALUES (?, ?, ?)').run(receipt.token, receipt.taken ? 1 : 0, receipt.at)
}

export function deleteReceipts(db: Database, before: number): void {
  db.prepare('DELETE FROM receipts WHERE at < ?').run(before)
}

/** Notes a message whose id does not tell its age. */
export function insertTakenOver(db: Database, lookAt: number, message: number): void {
  db.prepare('INSERT OR IGNORE INTO taken_over VALUES (?, ?)').run(lookAt, message)
}

/** Taken-over messages to be looked at: taken out of the note. */
export function takeTakenOver(db: Database, before: number, limit: number): number[] {
  return db
    .prepare(`DELETE FROM taken_over WHERE (look_at, message) IN
      (SELECT look_at, message FROM taken_over WHERE look_at < ? ORDER BY look_at LIMIT ?) RETURNING message`)
    .pluck()
    .all(before, limit) as number[]
}

export interface TransferRow {
  readonly state: number
  readonly notice: number
  readonly nextHop: string
  readonly nextAttemptAt: number
  readonly attempt: number
  readonly notify: number
  readonly private: 0 | 1
  readonly address: string
  readonly original: string | null
  readonly reversePath: string | null
  readonly orcpt: string | null
  readonly delayTold: 0 | 1
  readonly lastAt: number | null
  readonly lastStatus: string | null
  readonly lastReply: string | null
  readonly lastHost: string | null
  readonly lastClass: string | null
}

/** The recipients of a leaving message as they were before. */
export function selectTransferred(db: Database, message: number): TransferRow[] {
  return db
    .prepare(`SELECT kept_state AS state, kept_notice AS notice, next_hop AS nextHop, next_attempt_at AS nextAttemptAt,
      attempt, notify, private, address, original, reverse_path AS reversePath, orcpt, delay_told AS delayTold,
      last_at AS lastAt, last_status AS lastStatus, last_reply AS lastReply, last_host AS lastHost,
      last_class AS lastClass FROM recipients WHERE id BETWEEN ? AND ? ORDER BY id`)
    .all(firstRecipientId(message), lastRecipientId(message)) as TransferRow[]
}

/** Adds a recipient as it was in another queue; `flow` as this queue counts it. */
export function insertTransferred(db: Database): (id: number, row: TransferRow, flow: number) => void {
  const insert =
    db.prepare(`INSERT INTO recipients (id, flow, state, notice, next_hop, next_attempt_at, attempt, notify, private,
    address, original, reverse_path, orcpt, delay_told, last_at, last_status, last_reply, last_host, last_class)
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
      row.delayTold,
      row.lastAt,
      row.lastStatus,
      row.lastReply,
      row.lastHost,
      row.lastClass,
    )
  }
}
