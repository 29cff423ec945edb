// Holds of accounts, and what operators have announced, in SQLite.

import type { Database } from 'better-sqlite3'
import type { AccountHold, Announcement } from '../brake-contract.ts'
import type { AccountName } from '../usage-contract.ts'
import { type HoldRow, type HoldStatements, prepareHoldStatements, type Progress } from './hold-rows.ts'

/** Throws the errors of SQLite. */
export interface SqliteHolds {
  /** The hold that stands. */
  standing(account: AccountName): AccountHold | null
  /** False if one stands. */
  hold(order: AccountHold): boolean
  /** Ends a hold; false if none stands. */
  release(account: AccountName, by: { readonly at: number; readonly name: string; readonly reason: string }): boolean
  /** The last hold of each account, also those that have ended. */
  all(): readonly HoldRow[]
  /** Holds that were made or ended and are not reported yet. */
  news(): readonly HoldRow[]
  /** Marks them as reported; one that was changed since stays unreported. */
  reported(rows: readonly HoldRow[]): void
  /** Holds and ends that the queue does not follow yet, or only once. */
  unfinished(below: Progress): readonly HoldRow[]
  advance(row: HoldRow, to: Progress): void
  announce(announcement: Announcement): void
  /** False if there was none. */
  withdraw(account: AccountName): boolean
  announcements(at: number): readonly Announcement[]
  /** Removes holds and announcements that ended before, unix milliseconds, and that the ledger and the queue know. */
  purge(before: number): void
}

export function sqliteHolds(db: Database): SqliteHolds {
  const rows: HoldStatements = prepareHoldStatements(db)
  const whole = <T>(work: () => T): T => db.transaction(work).immediate()
  const standing = (account: AccountName) => {
    const row = rows.get.get(account)
    return row && row.endedAt === null ? row : null
  }
  return {
    standing,
    hold: (order) =>
      whole(() => {
        if (standing(order.account)) return false
        rows.put.run(order)
        return true
      }),
    release: (account, { at, name, reason }) =>
      rows.end.get({ account, at, endedBy: name, endReason: reason }) !== undefined,
    all: () => rows.all.all(),
    news: () => rows.untold.all(),
    reported: (told) =>
      whole(() => {
        for (const { account, at, endedAt } of told) rows.tell.run(account, endedAt ?? at)
      }),
    unfinished: (below) => rows.unfinished.all(below),
    advance: ({ account, at, endedAt }, to) => void rows.advance.run(to, account, endedAt ?? at),
    announce: (announcement) => void rows.announce.run(announcement),
    withdraw: (account) => rows.withdraw.run(account).changes > 0,
    announcements: (at) => rows.announcements.all(at),
    purge: (before) => {
      rows.forgetHolds.run(before)
      rows.forgetAnnouncements.run(before)
    },
  }
}
