// SQL of a claim: what is due for a destination, in the order of the index of waiting recipients.

import type { Database } from 'better-sqlite3'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { type EnvelopeColumns, envelopeColumns } from './recipient-rows.ts'

export interface ClaimRow extends EnvelopeColumns {
  readonly id: number
  readonly attempt: number
  readonly nextAttemptAt: number
}

/** The recipient with the earliest next attempt, if it is due, or null. One look-up in a partial index. */
export function selectOldestDue(db: Database): (nextHop: string, now: number) => number | null {
  const select = db
    .prepare(
      'SELECT id FROM recipients WHERE state < 2 AND next_hop = ? AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT 1',
    )
    .pluck()
  return (nextHop, now) => (select.get(nextHop, now) as number | undefined) ?? null
}

export interface FlowRow {
  readonly flow: number
  /** Its recipient with the earliest next attempt, if it is due, or null. */
  readonly id: number | null
}

/** The flows with waiting recipients after one flow and up to another, in order: two index look-ups per flow. */
export function iterateFlows(
  db: Database,
): (range: { nextHop: string; now: number; after: number; upTo: number }) => IterableIterator<FlowRow> {
  const next = (after: string) =>
    `(SELECT flow FROM recipients WHERE state < 2 AND next_hop = @nextHop AND flow > ${after} ORDER BY flow LIMIT 1)`
  const select = db.prepare(`WITH RECURSIVE turn (flow) AS (
      SELECT ${next('@after')} UNION ALL SELECT ${next('turn.flow')} FROM turn WHERE turn.flow <= @upTo
    )
    SELECT flow, (SELECT id FROM recipients WHERE state < 2 AND next_hop = @nextHop AND flow = turn.flow
      AND next_attempt_at <= @now ORDER BY next_attempt_at LIMIT 1) AS id
    FROM turn WHERE flow <= @upTo`)
  return (range) => select.iterate(range) as IterableIterator<FlowRow>
}

/** The due recipients of a flow, earliest next attempt first. */
export function selectDueOfFlow(
  db: Database,
): (flow: { nextHop: string; flow: number; now: number }, limit: number) => number[] {
  const select = db
    .prepare(`SELECT id FROM recipients WHERE state < 2 AND next_hop = ? AND flow = ? AND next_attempt_at <= ?
      ORDER BY next_attempt_at LIMIT ?`)
    .pluck()
  return ({ nextHop, flow, now }, limit) => select.all(nextHop, flow, now, limit) as number[]
}

/** The due recipients of one message for one destination. */
export function selectDueOfMessage(
  db: Database,
): (message: number, due: { nextHop: string; now: number }) => IterableIterator<ClaimRow> {
  const select = db.prepare(`SELECT id, attempt, next_attempt_at AS nextAttemptAt, ${envelopeColumns} FROM recipients
    WHERE id BETWEEN ? AND ? AND +state < 2 AND next_hop = ? AND next_attempt_at <= ?`)
  return (message, { nextHop, now }) =>
    select.iterate(firstRecipientId(message), lastRecipientId(message), nextHop, now) as IterableIterator<ClaimRow>
}

/** Counts the attempt and writes the time of the next one, before the connection. */
export function markClaimed(db: Database): (id: number, nextAttemptAt: number) => void {
  const update = db.prepare('UPDATE recipients SET state = 2, attempt = attempt + 1, next_attempt_at = ? WHERE id = ?')
  return (id, nextAttemptAt) => {
    update.run(nextAttemptAt, id)
  }
}

/** Returns a claim without counting the attempt: due again at once. Null if the recipient is not claimed. */
export function unclaim(db: Database): (id: number, now: number) => UnclaimedRow | null {
  const update =
    db.prepare(`UPDATE recipients SET state = iif(attempt > 1, 1, 0), attempt = attempt - 1, next_attempt_at = ?
    WHERE id = ? AND state = 2 RETURNING next_hop AS nextHop, state, pending_action AS pendingAction`)
  return (id, now) => (update.get(now, id) as UnclaimedRow | undefined) ?? null
}

export interface UnclaimedRow {
  readonly nextHop: string
  readonly state: number
  readonly pendingAction: string | null
}

export interface RecoveredRow {
  readonly id: number
  readonly address: string
  readonly nextHop: string
  readonly nextAttemptAt: number
  readonly pendingAction: string | null
}

/** Claims that a crash left become deferred with their committed next-attempt time. Returns them. */
export function recoverClaimed(db: Database): RecoveredRow[] {
  return db
    .prepare(`UPDATE recipients SET state = 1 WHERE state = 2
      RETURNING id, address, next_hop AS nextHop, next_attempt_at AS nextAttemptAt, pending_action AS pendingAction`)
    .all() as RecoveredRow[]
}
