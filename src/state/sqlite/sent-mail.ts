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
    purge: (at) => void rows.forgetSent.run({ before: at - KEPT_MS, limit: PURGED_AT_ONCE }),
  }
}
