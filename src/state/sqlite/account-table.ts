// What the node asks the file of accounts: usage, history, holds and sent mail in one table of operations.

import type { Database } from 'better-sqlite3'
import type { AccountHold, AccountSigns, ComplaintFacts, MessageFacts } from '../brake-contract.ts'
import type { AccountName, UsageAnswer, UsageRequest } from '../usage-contract.ts'
import { accountHistory } from './account-history.ts'
import type { HoldRow, Progress } from './hold-rows.ts'
import { type SentMail, sentMail, type SentView } from './sent-mail.ts'
import { sqliteHolds } from './sqlite-holds.ts'
import { sqliteUsage } from './sqlite-usage.ts'

/** Throws the errors of SQLite. */
export interface AccountTable {
  judge(request: UsageRequest): UsageAnswer
  take(request: UsageRequest): UsageAnswer
  failed(accounts: readonly AccountName[], at: number): void
  /** A hold that stands for one of the names; else what is unusual with the message. */
  observe(facts: MessageFacts): { readonly hold: AccountHold | null; readonly signs: readonly AccountSigns[] }
  complained(facts: ComplaintFacts): void
  /** The holds that stand for any of the names. */
  holding(names: readonly AccountName[]): readonly AccountHold[]
  /** False if one stands. */
  hold(order: AccountHold): boolean
  /** The holds that stand, the newest first. */
  held(): readonly AccountHold[]
  /** Ends a hold; false if none stands. */
  release(account: AccountName, by: { readonly at: number; readonly name: string; readonly reason: string }): boolean
  sent(mail: SentMail): void
  senderOf(queueId: string): AccountName | null
  /** Of the account and of its app passwords, the newest first. */
  sentBy(account: AccountName, view: SentView): readonly SentMail[]
  news(): readonly HoldRow[]
  reported(rows: readonly HoldRow[]): void
  unfinished(below: Progress): readonly HoldRow[]
  advance(row: HoldRow, to: Progress): void
  /** How many holds stand. */
  standing(): number
  /** @param keepMs milliseconds after which an account is forgotten at the latest */
  purge(at: number, keepMs: number): void
}

/** A hold that has ended explains the account for so long. */
const ENDED_HOLDS_MS = 90 * 86_400_000

export function accountTable(db: Database): AccountTable {
  const usage = sqliteUsage(db)
  const mail = sentMail(db)
  const holds = sqliteHolds(db)
  const history = accountHistory(db)
  const holding = (names: readonly AccountName[]) =>
    names.map((name) => holds.standing(name)).filter((one) => one !== null)
  return {
    judge: (request) => usage.judge(request),
    take: (request) => usage.take(request),
    failed: (accounts, at) => usage.failed(accounts, at),
    observe: (facts) => {
      const [hold = null] = holding(facts.names)
      return { hold, signs: hold === null ? history.observe(facts) : [] }
    },
    complained: (facts) => history.complained(facts),
    holding,
    hold: (order) => holds.hold(order),
    held: () => holds.all().filter(({ endedAt }) => endedAt === null),
    release: (account, by) => holds.release(account, by),
    sent: (one) => mail.add(one),
    senderOf: (queueId) => mail.senderOf(queueId),
    sentBy: (account, view) => mail.of(account, view),
    news: () => holds.news(),
    reported: (rows) => holds.reported(rows),
    unfinished: (below) => holds.unfinished(below),
    advance: (row, to) => holds.advance(row, to),
    standing: () => holds.all().filter(({ endedAt }) => endedAt === null).length,
    purge: (at, keepMs) => {
      usage.purge(at, keepMs)
      mail.purge(at, keepMs)
      holds.purge(at - Math.min(ENDED_HOLDS_MS, keepMs))
    },
  }
}
