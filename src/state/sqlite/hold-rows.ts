// The tables of holds and announcements, and their statements.

import type { Database, Statement } from 'better-sqlite3'
import type { AccountHold, Announcement } from '../brake-contract.ts'

export interface HoldRow extends AccountHold {
  /** Unix milliseconds; null while the hold stands. */
  readonly endedAt: number | null
  readonly endedBy: string
  readonly endReason: string
}

/** How far the queue follows a hold or its end: `todo`, then `once`, then `done`. */
export type Progress = 0 | 1 | 2

export const holdTables = `CREATE TABLE IF NOT EXISTS holds (
    account TEXT PRIMARY KEY, at INTEGER NOT NULL, "by" TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL,
    ended_at INTEGER, ended_by TEXT NOT NULL, end_reason TEXT NOT NULL,
    is_told INTEGER NOT NULL, progress INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS announcements (
    account TEXT PRIMARY KEY, recipients INTEGER NOT NULL, until INTEGER NOT NULL, "by" TEXT NOT NULL,
    reason TEXT NOT NULL) STRICT, WITHOUT ROWID;`

const HOLD = `account, at, "by", reason, evidence, ended_at AS endedAt, ended_by AS endedBy, end_reason AS endReason`

export interface HoldStatements {
  readonly get: Statement<[account: string], HoldRow>
  readonly put: Statement<[AccountHold]>
  readonly end: Statement<
    [{ readonly account: string; readonly at: number; readonly endedBy: string; readonly endReason: string }],
    HoldRow
  >
  readonly all: Statement<[], HoldRow>
  readonly untold: Statement<[], HoldRow>
  readonly tell: Statement<[account: string, at: number]>
  readonly unfinished: Statement<[below: Progress], HoldRow>
  readonly advance: Statement<[to: Progress, account: string, at: number]>
  readonly announce: Statement<[Announcement]>
  readonly announcement: Statement<[account: string, at: number], Announcement>
  readonly announcements: Statement<[at: number], Announcement>
  readonly withdraw: Statement<[account: string]>
  readonly forgetHolds: Statement<[before: number]>
  readonly forgetAnnouncements: Statement<[before: number]>
}

export function prepareHoldStatements(db: Database): HoldStatements {
  return {
    get: db.prepare(`SELECT ${HOLD} FROM holds WHERE account = ?`),
    put: db.prepare(`INSERT OR REPLACE INTO holds VALUES (@account, @at, @by, @reason, @evidence, NULL, '', '', 0, 0)`),
    end: db.prepare(`UPDATE holds SET ended_at = @at, ended_by = @endedBy, end_reason = @endReason, is_told = 0, progress = 0
      WHERE account = @account AND ended_at IS NULL RETURNING ${HOLD}`),
    all: db.prepare(`SELECT ${HOLD} FROM holds ORDER BY at DESC`),
    untold: db.prepare(`SELECT ${HOLD} FROM holds WHERE is_told = 0`),
    // Not if a command has changed the hold since it was read; the same for `advance`.
    tell: db.prepare('UPDATE holds SET is_told = 1 WHERE account = ? AND coalesce(ended_at, at) = ?'),
    unfinished: db.prepare(`SELECT ${HOLD} FROM holds WHERE progress < ?`),
    advance: db.prepare('UPDATE holds SET progress = ? WHERE account = ? AND coalesce(ended_at, at) = ?'),
    announce: db.prepare('INSERT OR REPLACE INTO announcements VALUES (@account, @recipients, @until, @by, @reason)'),
    announcement: db.prepare(
      'SELECT account, recipients, until, "by", reason FROM announcements WHERE account = ? AND until > ?',
    ),
    announcements: db.prepare(
      'SELECT account, recipients, until, "by", reason FROM announcements WHERE until > ? ORDER BY until',
    ),
    withdraw: db.prepare('DELETE FROM announcements WHERE account = ?'),
    forgetHolds: db.prepare('DELETE FROM holds WHERE ended_at < ? AND is_told = 1 AND progress = 2'),
    forgetAnnouncements: db.prepare('DELETE FROM announcements WHERE until < ?'),
  }
}
