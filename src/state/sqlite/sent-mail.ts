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

/** Throws the errors of SQLite. */
export interface SentMails {
  add(mail: SentMail): void
  senderOf(queueId: string): AccountName | null
  /** Of the account and of its app passwords, the newest first. */
  of(account: AccountName, view: { readonly after: number; readonly limit: number }): readonly SentMail[]
  purge(at: number): void
}

const DAY_MS = 86_400_000
/** The ledger keeps events of messages for about as long. */
const KEPT_MS = 30 * DAY_MS
/** Rows that one call of `purge` removes: some milliseconds. */
const PURGED_AT_ONCE = 2000

export function sentMail(db: Database): SentMails {
  const rows = prepareUsageStatements(db)
  return {
    add: (mail) => void rows.putSent.run(mail),
    senderOf: (queueId) => rows.senderOf.get(queueId) ?? null,
    of: (account, view) => rows.sentBy.all({ account, app: appPattern(account), ...view }),
    purge: (at) => void rows.forgetSent.run({ before: at - KEPT_MS, limit: PURGED_AT_ONCE }),
  }
}

/** A GLOB for the names of the app passwords of a user. Names of accounts may hold its special characters. */
function appPattern(account: AccountName): string {
  return `${account.replaceAll(/[[*?]/g, (mark) => `[${mark}]`)} (app *)`
}
