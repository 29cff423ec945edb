// What accounts use, in SQLite: counts by steps of time, and what each account has used before. Statements take microseconds and
// run in the thread of the state.

import type { Database } from 'better-sqlite3'
import {
  type AccountName,
  type LimitUse,
  type Measure,
  type UsageAnswer,
  type UsageClaim,
  type UsageLimit,
  type UsageRequest,
  windows,
  windowTimes,
} from '../usage-contract.ts'
import { type HoldStatements, prepareHoldStatements } from './hold-rows.ts'
import { addCount, DAY_MS, prepareUsageStatements, type UsageStatements } from './usage-rows.ts'

/** A recipient domain to which an account has not written for so long is new again. */
const SEEN_MS = 90 * DAY_MS
/** What is usual is known from the days of four weeks. */
const HISTORY_MS = 30 * DAY_MS
/** The last use of a domain is written once in this time. */
const RENEW_MS = DAY_MS
/** Domains of one account, some 300 KiB; the one used longest ago gives way. */
const MOST_SEEN = 5000
/** Rows that one call of `purge` removes of each kind: some milliseconds. */
const PURGED_AT_ONCE = 5000

/** Throws the errors of SQLite. */
export interface SqliteUsage {
  judge(request: UsageRequest): UsageAnswer
  take(request: UsageRequest): UsageAnswer
  failed(accounts: readonly AccountName[], at: number): void
  /** Removes some of what no window needs any more, and of what is older than `keepMs`, milliseconds. */
  purge(at: number, keepMs: number): void
}

export function sqliteUsage(db: Database): SqliteUsage {
  const rows = prepareUsageStatements(db)
  const tables = { rows, holds: prepareHoldStatements(db) }
  const whole = <T>(work: () => T): T => db.transaction(work).immediate()
  return {
    judge: (request) => judgeAll(tables, request),
    take: (request) =>
      whole(() => {
        const answer = judgeAll(tables, request)
        if (answer.kind === 'fits') for (const claim of request.claims) count(rows, claim, request)
        return answer
      }),
    failed: (accounts, at) =>
      whole(() => {
        for (const account of accounts) add(rows, { account, measure: 'failures', units: 1 }, at)
      }),
    purge: (at, keepMs) => {
      for (const { length, step } of windows.map((name) => windowTimes[name]))
        rows.dropSteps.run({ step, before: at - length - step, limit: PURGED_AT_ONCE })
      rows.dropSteps.run({ step: DAY_MS, before: at - Math.min(HISTORY_MS, keepMs), limit: PURGED_AT_ONCE })
      rows.forgetSeen.run({ before: at - Math.min(SEEN_MS, keepMs), limit: PURGED_AT_ONCE })
    },
  }
}

interface Tables {
  readonly rows: UsageStatements
  readonly holds: Pick<HoldStatements, 'announcement'>
}

/** What an operator has announced comes on top of each limit. */
function judgeAll({ rows, holds }: Tables, request: UsageRequest): UsageAnswer {
  const uses: LimitUse[] = []
  for (const claim of request.claims) {
    const units = unitsOf(rows, claim.account, request)
    const announced = holds.announcement.get(claim.account, request.at)?.recipients ?? 0
    for (const written of claim.limits) {
      const limit = written.measure === 'failures' ? written : { ...written, most: written.most + announced }
      const used = usedOf(rows, claim.account, limit, request.at)
      const wanted = units[limit.measure]
      const use = { ...limit, account: claim.account, used: used + wanted }
      if (use.used > limit.most && isRefused(limit, { used, wanted }))
        return { kind: 'over', use: { ...use, used }, againAt: againAt(rows, use, { wanted, at: request.at }) }
      uses.push(use)
    }
  }
  return { kind: 'fits', uses }
}

/** Failures are counted after the fact: at the limit further messages wait. Of the rest, only a request that wants units can be too much. */
function isRefused(
  { measure, most }: UsageLimit,
  { used, wanted }: { readonly used: number; readonly wanted: number },
): boolean {
  return measure === 'failures' ? used >= most : wanted > 0
}

function unitsOf(
  rows: UsageStatements,
  account: AccountName,
  request: UsageRequest,
): Readonly<Record<Measure, number>> {
  const fresh = request.domains.filter((value) => !rows.isSeen.get({ account, kind: 'domain', value }))
  // One more failure would be above the limit.
  return { messages: request.messages, recipients: request.recipients, new_domains: fresh.length, failures: 1 }
}

function usedOf(
  rows: UsageStatements,
  account: AccountName,
  { measure, window }: Pick<UsageLimit, 'measure' | 'window'>,
  at: number,
): number {
  const { length, step } = windowTimes[window]
  return rows.sum.get({ account, measure, step, after: at - length - step }) ?? 0
}

/** When enough steps have left the window that the wanted units fit. */
function againAt(
  rows: UsageStatements,
  { account, measure, window, most }: LimitUse,
  { wanted, at }: { readonly wanted: number; readonly at: number },
): number | null {
  if (wanted > most) return null
  const { length, step } = windowTimes[window]
  const steps = rows.steps.all({ account, measure, step, after: at - length - step })
  let left = steps.reduce((sum, { count: units }) => sum + units, 0)
  for (const { start, count: units } of steps) {
    left -= units
    if (left + wanted <= most) return start + step + length
  }
  return at
}

function count(rows: UsageStatements, { account }: UsageClaim, request: UsageRequest): void {
  const { at, domains } = request
  const { failures: _none, ...units } = unitsOf(rows, account, request)
  for (const [measure, amount] of Object.entries(units)) add(rows, { account, measure, units: amount }, at)
  for (const value of domains) rows.see.run({ account, kind: 'domain', value, at, before: at - RENEW_MS })
  if (units.new_domains === 0) return
  const over = (rows.seenSize.get({ account, kind: 'domain', limit: MOST_SEEN + domains.length }) ?? 0) - MOST_SEEN
  if (over > 0) rows.dropOldestSeen.run({ account, kind: 'domain', limit: over })
}

function add(
  rows: UsageStatements,
  { account, measure, units }: { readonly account: AccountName; readonly measure: string; readonly units: number },
  at: number,
): void {
  if (units === 0) return
  for (const name of windows) {
    const { step } = windowTimes[name]
    addCount(rows, { account, measure, step, units }, at)
  }
  addCount(rows, { account, measure, step: DAY_MS, units }, at)
}
