// The state of accounts for commands, beside a running node or without one.

import { existsSync } from 'node:fs'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import type { AccountHold, AccountSigns, Announcement } from '../brake-contract.ts'
import { operatorOf } from '../operator-name.ts'
import type { AccountName } from '../usage-contract.ts'
import { accountHistory } from './account-history.ts'
import type { HoldRow } from './hold-rows.ts'
import { type SentMail, sentMail } from './sent-mail.ts'
import { sqliteHolds } from './sqlite-holds.ts'
import { COMMAND_BUSY_MS, openStateForCommand } from './state-file.ts'
import { accountFormat } from './usage-rows.ts'

export interface AccountReader {
  /** The last hold of each account, the newest first; also those that have ended. */
  holds(): readonly HoldRow[]
  announcements(at: number): readonly Announcement[]
  signs(account: AccountName, at: number): AccountSigns
  sent(account: AccountName, view: { readonly after: number; readonly limit: number }): readonly SentMail[]
  close(): void
}

/** Null if there is no file yet. Throws the errors of SQLite. */
export function openAccountReader(path: string): AccountReader | null {
  if (!existsSync(path)) return null
  const db = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: COMMAND_BUSY_MS })
  const [holds, history, mail] = [sqliteHolds(db), accountHistory(db), sentMail(db)]
  return {
    holds: () => holds.all(),
    announcements: (at) => holds.announcements(at),
    signs: (account, at) => history.signs(account, at),
    sent: (account, view) => mail.of(account, view),
    close: () => db.close(),
  }
}

/** False if the account is on hold already. Creates the file if it is missing. Throws the errors of SQLite. */
export function holdAccount(path: string, order: AccountHold): boolean {
  return change(path, (db) => sqliteHolds(db).hold({ ...order, by: operatorOf(order.by) }))
}

/** False if the account is not on hold. Throws the errors of SQLite. */
export function releaseAccount(
  path: string,
  account: AccountName,
  { at, name, reason }: { readonly at: number; readonly name: string; readonly reason: string },
): boolean {
  return (
    existsSync(path) && change(path, (db) => sqliteHolds(db).release(account, { at, name: operatorOf(name), reason }))
  )
}

export function announceMail(path: string, announcement: Announcement): void {
  change(path, (db) => sqliteHolds(db).announce(announcement))
}

/** False if nothing was announced. Throws the errors of SQLite. */
export function withdrawAnnouncement(path: string, account: AccountName): boolean {
  return existsSync(path) && change(path, (db) => sqliteHolds(db).withdraw(account))
}

/** What a command changes is on the disk when the command ends. */
function change<T>(path: string, work: (db: Database) => T): T {
  const db = openStateForCommand(path, { ...accountFormat, sync: 'full' })
  try {
    return work(db)
  } finally {
    db.close()
  }
}
