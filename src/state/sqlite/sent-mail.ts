// Which account each message came from: failures of later attempts count for it, and an operator sees what has left.

import type { Database } from 'better-sqlite3'
import type { AccountName } from '../usage-contract.ts'
import { prepareUsageStatements } from './usage-rows.ts'

export interface SentMail {
  readonly queueId: string
  readonly account: AccountName
  /** Unix milliseconds of the acceptance. */
  readonly at: number
}

/** Unix milliseconds; neither belongs to the view. */
export interface SentView {
  readonly after: number
  readonly before?: number
  readonly limit: number
}

/** Throws the errors of SQLite. */
export interface SentMails {
  add(mail: SentMail): void
  senderOf(queueId: string): AccountName | null
  /** Of the account and of its app passwords, the newest first. */
  of(account: AccountName, view: SentView): readonly SentMail[]
  /** Removes some of what is too old. @param keepMs milliseconds, at most 30 days */
  purge(at: number, keepMs: number): void
}

const DAY_MS = 86_400_000
/** The ledger keeps events of messages for about as long. */
const KEPT_MS = 30 * DAY_MS
/** Messages of all accounts, some 150 MB. Beyond it the oldest give way. */
const MOST_SENT = 1_000_000
/** Rows that one call of `purge` removes: some milliseconds. */
const PURGED_AT_ONCE = 2000

/** @param most messages of all accounts */
export function sentMail(db: Database, most: number = MOST_SENT): SentMails {
  const rows = prepareUsageStatements(db)
  return {
    add: (mail) => {
      const { lastInsertRowid } = rows.putSent.run(mail)
      // Two for each new one, so that the table also shrinks.
      rows.dropSent.run(Number(lastInsertRowid) - most)
    },
    senderOf: (queueId) => rows.senderOf.get(queueId) ?? null,
    of: (account, { before = Number.MAX_SAFE_INTEGER, ...view }) =>
      rows.sentBy.all({ account, app: appPattern(account), before, ...view }),
    purge: (at, keepMs) => void rows.forgetSent.run({ before: at - Math.min(KEPT_MS, keepMs), limit: PURGED_AT_ONCE }),
  }
}

/** A GLOB for the names of the app passwords of a user. Names of accounts may hold its special characters. */
function appPattern(account: AccountName): string {
  return `${account.replaceAll(/[[*?]/g, (mark) => `[${mark}]`)} (app *)`
}
