// SQL of the notices that are due.

import type { Database } from 'better-sqlite3'
import { type EnvelopeColumns, envelopeColumns, type LastAttemptColumns, lastAttemptColumns } from './recipient-rows.ts'

export interface NoticeRow extends EnvelopeColumns, LastAttemptColumns {
  readonly id: number
  readonly state: number
  readonly notice: number
  readonly nextHop: string
}

/** Recipients with a notice due after a row id, in the order of rows, so those of one message are together. */
export function selectNotices(db: Database): (after: number, limit: number) => NoticeRow[] {
  const select = db.prepare(`SELECT id, state, notice, next_hop AS nextHop, ${envelopeColumns}, ${lastAttemptColumns}
    FROM recipients WHERE notice > 0 AND id > ? ORDER BY id LIMIT ?`)
  return (after, limit) => select.all(after, limit) as NoticeRow[]
}

/** True if a recipient between two row ids has no finished attempt. */
export function isUnderWay(db: Database): (first: number, last: number) => boolean {
  const select = db.prepare('SELECT 1 FROM recipients WHERE id BETWEEN ? AND ? AND state IN (0, 2) LIMIT 1').pluck()
  return (first, last) => select.get(first, last) !== undefined
}

/** True if a recipient between two row ids has a notice due. */
export function hasNotice(db: Database): (first: number, last: number) => boolean {
  const select = db.prepare('SELECT 1 FROM recipients WHERE notice > 0 AND id BETWEEN ? AND ? LIMIT 1').pluck()
  return (first, last) => select.get(first, last) !== undefined
}

/** State and notice of a recipient, or null if its row was removed. */
export function selectNotice(db: Database): (id: number) => { state: number; notice: number } | null {
  const select = db.prepare('SELECT state, notice FROM recipients WHERE id = ?')
  return (id) => (select.get(id) as { state: number; notice: number } | undefined) ?? null
}

/** Records that the sender has the delay notice; there is one per recipient. */
export function markDelayNotified(db: Database): (id: number) => void {
  const update = db.prepare('UPDATE recipients SET notice = 0, delay_notified = 1 WHERE id = ?')
  return (id) => {
    update.run(id)
  }
}
