// SQL that records the outcome of an attempt for one claimed recipient.

import type { Database } from 'better-sqlite3'

export interface ClaimedRow {
  readonly address: string
  readonly attempt: number
  readonly nextHop: string
  readonly nextAttemptAt: number
  readonly notify: number
  readonly pendingAction: string | null
  readonly delayNotified: 0 | 1
}

/** Removes a claimed recipient that is delivered without a notice. Null if it is not claimed or a notice is due. */
export function takeDelivered(
  db: Database,
): (id: number, dsnPassedOn: boolean) => { address: string; attempt: number } | null {
  const remove = db.prepare(
    'DELETE FROM recipients WHERE id = ? AND state = 2 AND notify & ? = 0 RETURNING address, attempt',
  )
  return (id, dsnPassedOn) =>
    (remove.get(id, dsnPassedOn ? 0 : 2) as { address: string; attempt: number } | undefined) ?? null
}

export function selectClaimed(db: Database): (id: number) => ClaimedRow | null {
  const select = db.prepare(`SELECT address, attempt, next_hop AS nextHop, next_attempt_at AS nextAttemptAt, notify,
    pending_action AS pendingAction, delay_notified AS delayNotified FROM recipients WHERE id = ? AND state = 2`)
  return (id) => (select.get(id) as ClaimedRow | undefined) ?? null
}

export interface AttemptResult {
  readonly state: number
  readonly notice: number
  readonly nextAttemptAt: number
  readonly at: number
  readonly status: string
  readonly reply: string
  readonly host: string | null
  readonly replyClass: string | null
}

/** Writes the outcome of an attempt and clears the pending action. A notice that is due already stays. */
export function updateAttempted(db: Database): (id: number, result: AttemptResult) => void {
  const update =
    db.prepare(`UPDATE recipients SET state = ?, notice = coalesce(nullif(?, 0), notice), next_attempt_at = ?,
    pending_action = NULL, last_at = ?, last_status = ?, last_reply = ?, last_host = ?, last_class = ? WHERE id = ?`)
  return (id, result) => {
    update.run(
      result.state,
      result.notice,
      result.nextAttemptAt,
      result.at,
      result.status,
      result.reply,
      result.host,
      result.replyClass,
      id,
    )
  }
}

export function deleteRecipient(db: Database): (id: number) => void {
  const remove = db.prepare('DELETE FROM recipients WHERE id = ?')
  return (id) => {
    remove.run(id)
  }
}
