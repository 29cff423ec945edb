// The history of accounts in SQLite: what each sends usually, from where and when, and what it does now.

import type { Database } from 'better-sqlite3'
import type { AccountSigns, ComplaintFacts, MessageFacts, Movement } from '../brake-contract.ts'
import { type AccountName, type Measure, windowTimes } from '../usage-contract.ts'
import { type HoldStatements, prepareHoldStatements } from './hold-rows.ts'
import { addCount, DAY_MS, prepareUsageStatements, type UsageStatements } from './usage-rows.ts'

/** Days of the history. */
const HISTORY_DAYS = 28
/** Today, and the day before, which an account that was just stolen has in its history too. */
const EXCLUDED_DAYS = 2
const HOURS = 24
const HOUR_MS = 3_600_000
/** Messages of the history from which on its times of day say something. */
const ENOUGH_MESSAGES = 50
/** Accounts whose usual days are in memory, some megabytes. */
const MOST_REMEMBERED = 10_000
/** Sites of one account; the one used longest ago gives way. */
const MOST_NETWORKS = 200
/** Complaints that are counted for an account in a day: far above what decides, and few rows for who floods. */
const MOST_COMPLAINTS = 100
/** The last use of a site is written once in this time. */
const RENEW_MS = DAY_MS

/** Throws the errors of SQLite. */
export interface AccountHistory {
  observe(facts: MessageFacts): readonly AccountSigns[]
  /** Counts a message and provider once in a day, however many complaints there are. */
  complained(facts: ComplaintFacts): void
  /** What is known without a new message. */
  signs(account: AccountName, at: number): AccountSigns
}

export function accountHistory(db: Database): AccountHistory {
  const history = new History(prepareUsageStatements(db), prepareHoldStatements(db))
  return {
    observe: (facts) => db.transaction(() => facts.names.map((account) => history.observe(account, facts))).immediate(),
    complained: (facts) =>
      db.transaction(() => facts.names.forEach((account) => history.complain(account, facts))).immediate(),
    signs: (account, at) => history.signs(account, { names: [account], network: null, subject: null, spam: null, at }),
  }
}

class History {
  readonly #rows: UsageStatements
  readonly #holds: HoldStatements
  readonly #usual = new Map<AccountName, Usual>()

  constructor(rows: UsageStatements, holds: HoldStatements) {
    this.#rows = rows
    this.#holds = holds
  }

  observe(account: AccountName, facts: MessageFacts): AccountSigns {
    const { network, subject, spam, at } = facts
    const hour = windowTimes.hour.step
    const add = (measure: string, units: number, step: number) =>
      addCount(this.#rows, { account, measure, step, units }, at)
    add(hourName(at), 1, DAY_MS)
    if (subject !== null) add(subjectName(subject), 1, hour)
    if (spam !== null) {
      add('judged', 1, hour)
      add('spam', spam, hour)
    }
    if (network !== null) this.#see(account, network, at)
    return this.signs(account, facts)
  }

  complain(account: AccountName, { provider, queueId, at }: ComplaintFacts): void {
    const { step } = windowTimes.day
    const view = { account, since: 0, at }
    const once = `complaint ${provider} ${queueId}`
    if (this.#sum(view, once, 'day') > 0 || this.#sum(view, 'complaints', 'day') >= MOST_COMPLAINTS) return
    for (const measure of [once, 'complaints']) addCount(this.#rows, { account, measure, step, units: 1 }, at)
  }

  signs(account: AccountName, { network, subject, at }: MessageFacts): AccountSigns {
    const since = this.#holds.get.get(account)?.endedAt ?? 0
    const view = { account, since, at }
    const usual = this.#usualOf(view)
    const judged = this.#sum(view, 'judged', 'hour')
    return {
      account,
      messages: this.#movement(view, 'messages', usual.messages),
      recipients: this.#movement(view, 'recipients', usual.recipients),
      newDomains: this.#movement(view, 'new_domains', usual.newDomains),
      failures: this.#sum(view, 'failures', 'day'),
      complaints: this.#sum(view, 'complaints', 'day'),
      judged,
      meanSpam: judged === 0 ? 0 : this.#sum(view, 'spam', 'hour') / judged,
      alike: subject === null ? 0 : this.#sum(view, subjectName(subject), 'hour'),
      isNewNetwork: network !== null && this.#isNew(view, network),
      hourShare: hourShare(usual.hours, at),
      announced: this.#holds.announcement.get(account, at)?.recipients ?? 0,
    }
  }

  #movement(view: View, measure: Measure, usual: number): Movement {
    return { hour: this.#sum(view, measure, 'hour'), day: this.#sum(view, measure, 'day'), usual }
  }

  #sum({ account, since, at }: View, measure: string, window: 'hour' | 'day'): number {
    const { length, step } = windowTimes[window]
    // A step that began before the release counts no more.
    return this.#rows.sum.get({ account, measure, step, after: Math.max(at - length - step, since - 1) }) ?? 0
  }

  /** It changes once a day, and takes a hundred times as long as the rest. */
  #usualOf({ account, at }: View): Usual {
    const day = Math.floor(at / DAY_MS)
    const known = this.#usual.get(account)
    if (known?.day === day) return known
    const after = at - (HISTORY_DAYS + 1) * DAY_MS
    const before = at - EXCLUDED_DAYS * DAY_MS
    const daysOf = (measure: string) =>
      this.#rows.steps
        .all({ account, measure, step: DAY_MS, after })
        .filter(({ start }) => start < before)
        .map(({ count }) => count)
    const busy = (measure: Measure) => daysOf(measure).toSorted((a, b) => b - a)[1] ?? 0
    const hours = Array.from({ length: HOURS }, (_, hour) => sum(daysOf(hourName(hour * HOUR_MS))))
    const found = {
      day,
      messages: busy('messages'),
      recipients: busy('recipients'),
      newDomains: busy('new_domains'),
      hours,
    }
    this.#usual.delete(account)
    this.#usual.set(account, found)
    const [oldest] = this.#usual.keys()
    if (this.#usual.size > MOST_REMEMBERED && oldest !== undefined) this.#usual.delete(oldest)
    return found
  }

  #isNew({ account, since, at }: View, value: string): boolean {
    const first = this.#rows.firstSeen.get({ account, kind: 'network', value })
    // An operator who releases an account accepts what it has used until then.
    if (first === undefined || first <= at - DAY_MS || first < since) return false
    return (this.#rows.seenBefore.get({ account, kind: 'network', before: first }) ?? 0) > 0
  }

  #see(account: AccountName, value: string, at: number): void {
    const { see, seenSize, dropOldestSeen } = this.#rows
    const key = { account, kind: 'network' } as const
    const isNew = !this.#rows.isSeen.get({ ...key, value })
    see.run({ ...key, value, at, before: at - RENEW_MS })
    if (!isNew) return
    const over = (seenSize.get({ ...key, limit: MOST_NETWORKS + 1 }) ?? 0) - MOST_NETWORKS
    if (over > 0) dropOldestSeen.run({ ...key, limit: over })
  }
}

interface Usual {
  /** Days since 1970, UTC. */
  readonly day: number
  readonly messages: number
  readonly recipients: number
  readonly newDomains: number
  /** Messages by hour of the day. */
  readonly hours: readonly number[]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function hourShare(hours: readonly number[], at: number): number | null {
  const total = sum(hours)
  if (total < ENOUGH_MESSAGES) return null
  const now = Math.floor(at / HOUR_MS) % HOURS
  return sum([HOURS - 1, 0, 1].map((shift) => hours[(now + shift) % HOURS] ?? 0)) / total
}

interface View {
  readonly account: AccountName
  /** End of the last hold, unix milliseconds; 0 without one. */
  readonly since: number
  readonly at: number
}

/** Messages of an hour of the day, UTC. */
function hourName(at: number): string {
  return `hour ${Math.floor(at / HOUR_MS) % HOURS}`
}

function subjectName(subject: string): string {
  return `subject ${subject}`
}
