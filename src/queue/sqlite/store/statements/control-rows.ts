// SQL of an operator's actions on recipients, and of the sweeps for delayed and expired recipients.

import type { Database } from 'better-sqlite3'
import type { MessageFacts } from './message-rows.ts'
import type { EnvelopeColumns, LastAttemptColumns } from './recipient-rows.ts'

export interface ControlledRow
  extends Pick<EnvelopeColumns, 'notify' | 'address'>,
    Pick<LastAttemptColumns, 'lastStatus' | 'lastReply' | 'lastHost'> {
  readonly id: number
  readonly state: number
  readonly attempt: number
  readonly nextHop: string
  readonly nextAttemptAt: number
}

/** The columns of a ControlledRow, of a table or alias `r`. */
export const controlledColumns = `r.id, r.state, r.attempt, r.next_hop AS nextHop, r.next_attempt_at AS nextAttemptAt, r.notify,
  r.address, r.last_status AS lastStatus, r.last_reply AS lastReply, r.last_host AS lastHost`

export function selectControlled(db: Database): (id: number) => ControlledRow | null {
  const select = db.prepare(`SELECT ${controlledColumns} FROM recipients r WHERE r.id = ?`)
  return (id) => (select.get(id) as ControlledRow | undefined) ?? null
}

/** The recipients of a message by the order of their rows. */
export function selectControlledOfMessage(db: Database): (first: number, last: number) => ControlledRow[] {
  const select = db.prepare(`SELECT ${controlledColumns} FROM recipients r WHERE r.id BETWEEN ? AND ?`)
  return (first, last) => select.all(first, last) as ControlledRow[]
}

export function updateState(db: Database): (id: number, state: number, nextAttemptAt: number) => void {
  const update = db.prepare('UPDATE recipients SET state = ?, next_attempt_at = ? WHERE id = ?')
  return (id, state, nextAttemptAt) => {
    update.run(state, nextAttemptAt, id)
  }
}

/** Writes the hold of a recipient, as JSON; null when it is released. */
export function updateHold(db: Database): (id: number, hold: string | null) => void {
  const update = db.prepare("UPDATE recipients SET hold = :hold, hold_until = :hold ->> 'until' WHERE id = :id")
  return (id, hold) => {
    update.run({ id, hold })
  }
}

/** A final outcome without an attempt: by an operator or by age. */
export interface FinalOutcome {
  readonly state: number
  readonly notice: number
  readonly at: number
  readonly status: string
  readonly reply: string
  /** This node decided: the host and class of the last attempt do not belong to this outcome. */
  readonly isOurs: boolean
}

export function updateFinal(db: Database): (id: number, outcome: FinalOutcome) => void {
  const update = db.prepare(
    `UPDATE recipients SET state = ?, notice = ?, last_at = ?, last_status = ?, last_reply = ?,
       last_host = iif(?, NULL, last_host), last_class = iif(?, NULL, last_class) WHERE id = ?`,
  )
  return (id, { state, notice, at, status, reply, isOurs }) => {
    update.run(state, notice, at, status, reply, Number(isOurs), Number(isOurs), id)
  }
}

/** A delay notice; status and reply are used only if no attempt has left its own. */
export interface DelayNotice {
  readonly notice: number
  readonly at: number
  readonly status: string
  readonly reply: string
}

/** Marks a recipient as delayed. False if its sender has a delay notice already or another notice is due. */
export function markDelayed(db: Database): (id: number, lateness: DelayNotice) => boolean {
  const update = db.prepare(`UPDATE recipients SET notice = ?, last_at = coalesce(last_at, ?),
    last_status = coalesce(last_status, ?), last_reply = coalesce(last_reply, ?)
    WHERE id = ? AND notice = 0 AND delay_notified = 0`)
  return (id, { notice, at, status, reply }) => update.run(notice, at, status, reply, id).changes > 0
}

/** Sets or clears the pending action. False if it is the same as before. */
export function updatePendingAction(db: Database): (id: number, pendingAction: string | null) => boolean {
  const update = db.prepare(
    'UPDATE recipients SET pending_action = :action WHERE id = :id AND pending_action IS NOT :action',
  )
  return (id, pendingAction) => update.run({ id, action: pendingAction }).changes > 0
}

export interface LifetimeRow extends MessageFacts {
  readonly id: number
}

/** Messages after a row id, oldest first. */
export function selectMessageLifetimes(db: Database): (after: number, limit: number) => LifetimeRow[] {
  const select = db.prepare(
    `SELECT id, queue_id AS queueId, arrived_at AS arrivedAt, expires_at AS expiresAt FROM messages WHERE id > ?
    ORDER BY id LIMIT ?`,
  )
  return (after, limit) => select.all(after, limit) as LifetimeRow[]
}
