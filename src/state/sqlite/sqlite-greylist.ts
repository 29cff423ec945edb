// The greylist in SQLite: a bounded table. Statements take microseconds, run in the thread of the state, and wait for no disk.
//
// Strangers can fill it, so a network has a share. The mail of a network whose share is used up gets one entry for all of it: it waits
// once, and adds no more. A full table gives up entries that have waited longest; entries that came back give way only to others of their kind.

import type { Database } from 'better-sqlite3'
import type { GreylistAnswer, GreylistAttempt, GreylistRules, GreylistState } from '../greylist-contract.ts'
import { notAfter, stateOf } from '../greylist-state.ts'
import { ANY, type GreylistStatements, type Key, prepareStatements, type Result, type Row } from './greylist-rows.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The use of an allowed entry is written once in this time. */
const RENEW_MS = HOUR_MS
/** Entries that wait are never given up sooner: almost all servers come back within an hour, the slowest after four. */
const KEPT_MS = 6 * HOUR_MS
/** Entries that are given up at once in a full table. */
const EVICTED_AT_ONCE = 64
/** Old entries that each new one removes, so that the table shrinks again after an attack. */
const TIDIED_AT_ONCE = 2
/** Old entries that one call of `purge` removes: a few milliseconds. */
const PURGED_AT_ONCE = 500
/** Part of the capacity that entries which came back can have. The rest is for mail that waits. */
const ALLOWED_PART = 0.8
/** Recipients of one message that get an entry. */
const MAX_RECIPIENTS = 10
/** Messages of an origin that came back: from here on all of its mail passes, as with postgrey. */
export const KNOWN_AFTER = 5
/** Statistics are kept for so long. */
const RESULTS_DAYS = 90

export interface GreylistLimits {
  /** Entries of the table. */
  readonly capacity: number
  /** Entries that the clients of one network can have. */
  readonly share: number
}

/** Throws the errors of SQLite. */
export interface SqliteGreylist {
  judge(attempt: GreylistAttempt, rules: GreylistRules): GreylistAnswer
  /** The answer that `judge` would give; changes nothing. */
  peek(attempt: GreylistAttempt, rules: GreylistRules): GreylistAnswer
  /** Removes some of the entries that were lost or have expired; returns how many were lost. */
  purge(rules: GreylistRules, at: number): number
  /** Entries of the table. */
  readonly size: number
}

/** @param ports.overShare called for each attempt of a network whose share is used up */
export function sqliteGreylist(
  db: Database,
  limits: GreylistLimits,
  ports: { readonly overShare: () => void },
): SqliteGreylist {
  return new GreylistTable(db, limits, ports.overShare)
}

interface Found extends Row {
  readonly state: GreylistState
}

class GreylistTable implements SqliteGreylist {
  readonly #db: Database
  readonly #limits: GreylistLimits
  readonly #overShare: () => void
  readonly #rows: GreylistStatements
  #counts = { version: Number.NaN, size: 0, allowed: 0 }

  constructor(db: Database, limits: GreylistLimits, overShare: () => void) {
    this.#db = db
    this.#limits = limits
    this.#overShare = overShare
    this.#rows = prepareStatements(db)
  }

  get size(): number {
    return this.#counted().size
  }

  judge(attempt: GreylistAttempt, rules: GreylistRules): GreylistAnswer {
    return this.#whole(() => this.#judge(attempt, rules))
  }

  peek(attempt: GreylistAttempt, rules: GreylistRules): GreylistAnswer {
    const { at } = attempt
    return answerOf(this.#find(attempt, rules), at, rules) ?? firstWait(at, rules)
  }

  purge(rules: GreylistRules, at: number): number {
    return this.#whole(() => {
      this.#rows.forget.run(dayOf(at) - RESULTS_DAYS)
      return this.#removeOld(rules, at, PURGED_AT_ONCE)
    })
  }

  /** All or nothing; after an error the entries are counted again. */
  #whole<T>(work: () => T): T {
    try {
      return this.#db.transaction(work)()
    } catch (error) {
      this.#counts.version = Number.NaN
      throw error
    }
  }

  #judge(attempt: GreylistAttempt, rules: GreylistRules): GreylistAnswer {
    const { at } = attempt
    const found = this.#find(attempt, rules)
    const answer = answerOf(found, at, rules)
    switch (answer?.kind) {
      case 'known':
        this.#renew(found, at)
        return answer
      case 'came-back':
        this.#pass(found, at)
        return answer
      case 'wait':
        for (const one of found) if (one.firstAt > at) this.#rows.restart.run({ ...keyOf(one), at })
        return answer
      default:
        return this.#add(attempt, { rules, old: found }) ? firstWait(at, rules) : { kind: 'full' }
    }
  }

  /** Every entry that concerns the attempt, in any state. */
  #find({ origins, sender, recipients, at }: GreylistAttempt, rules: GreylistRules): readonly Found[] {
    const found: Found[] = []
    const look = (key: Key) => {
      const row = this.#rows.get.get(key)
      if (row) found.push({ ...row, state: stateOf(row, rules, at) })
    }
    for (const origin of origins) {
      look({ origin, sender: ANY, recipient: ANY })
      for (const recipient of recipients.slice(0, MAX_RECIPIENTS)) look({ origin, sender, recipient })
    }
    return found
  }

  #renew(found: readonly Found[], at: number): void {
    for (const one of found)
      if (one.state === 'allowed' && Math.abs(at - one.usedAt) >= RENEW_MS) this.#rows.use.run({ ...keyOf(one), at })
  }

  /** All recipients of the message came back together. */
  #pass(found: readonly Found[], at: number): void {
    const due = dueOf(found)
    const over = this.#counted().allowed + due.length - Math.floor(this.#limits.capacity * ALLOWED_PART)
    if (over > 0) {
      const limit = Math.max(over, EVICTED_AT_ONCE)
      const { length } = this.#rows.removeAllowed.all({ before: at, limit })
      this.#change(-length, -length)
    }
    for (const one of due) this.#rows.pass.run({ ...keyOf(one), at })
    this.#change(0, due.length)
    const [first] = due
    if (!first) return
    this.#count('came-back', first.reason, at)
    for (const origin of new Set(due.map((one) => one.origin))) this.#learn({ ...first, origin }, at)
  }

  /** An origin whose mail comes back again and again is known: one entry for all of its mail takes the place of the others. */
  #learn({ origin, network, reason }: Row, at: number): void {
    if ((this.#rows.passesOf.get(origin) ?? 0) < KNOWN_AFTER) return
    const key = { origin, sender: ANY, recipient: ANY }
    const { changes } = this.#rows.removeAllowedOf.run(origin)
    this.#change(-changes, -changes)
    const before = this.#rows.get.get(key)
    if (before) this.#remove(before)
    this.#insert({ ...key, network, reason, firstAt: at, passedAt: at, usedAt: at })
  }

  /** False if the table is full. @param old entries of the attempt that were lost or have expired */
  #add(
    attempt: GreylistAttempt,
    { rules, old }: { readonly rules: GreylistRules; readonly old: readonly Found[] },
  ): boolean {
    const { origins, network, sender, recipients, reason, at } = attempt
    for (const one of old) {
      this.#remove(one)
      if (one.state === 'lost') this.#count('lost', one.reason, at)
    }
    this.#removeOld(rules, at, TIDIED_AT_ONCE)
    const [origin = network] = origins
    const some = recipients.slice(0, MAX_RECIPIENTS)
    if (!this.#makeSpace(some.length, at)) return false
    const limit = this.#limits.share
    const isOver = (this.#rows.ofNetwork.get({ network, limit }) ?? 0) + some.length > limit
    if (isOver) this.#overShare()
    const keys = isOver
      ? [{ origin: network, sender: ANY, recipient: ANY }]
      : some.map((recipient) => ({ origin, sender, recipient }))
    for (const key of keys) this.#insert({ ...key, network, reason, firstAt: at, passedAt: null, usedAt: at })
    this.#count('greylisted', reason, at)
    return true
  }

  #makeSpace(count: number, at: number): boolean {
    const fits = () => this.#counted().size + count <= this.#limits.capacity
    if (fits()) return true
    const evicted = this.#rows.removeWaiting.all({ before: at - KEPT_MS, limit: EVICTED_AT_ONCE })
    this.#change(-evicted.length, 0)
    for (const { reason } of evicted) this.#count('evicted', reason, at)
    return fits()
  }

  #removeOld({ window, allowFor }: GreylistRules, at: number, limit: number): number {
    const lost = this.#rows.removeWaiting.all({ before: at - window, limit })
    for (const { reason } of lost) this.#count('lost', reason, at)
    const expired = this.#rows.removeAllowed.all({ before: at - allowFor, limit })
    this.#change(-lost.length - expired.length, -expired.length)
    return lost.length
  }

  #insert(row: Row): void {
    this.#rows.insert.run(row)
    this.#change(1, row.passedAt === null ? 0 : 1)
  }

  #remove(row: Row): void {
    const { changes } = this.#rows.remove.run(keyOf(row))
    this.#change(-changes, row.passedAt === null ? 0 : -changes)
  }

  #count(result: Result, reason: string, at: number): void {
    this.#rows.count.run(dayOf(at), reason, result)
  }

  #change(size: number, allowed: number): void {
    this.#counts.size += size
    this.#counts.allowed += allowed
  }

  /** Counting takes milliseconds, so it happens only when a command has changed the file, and after an error. */
  #counted(): { readonly size: number; readonly allowed: number } {
    const version = Number(this.#db.pragma('data_version', { simple: true }))
    if (version !== this.#counts.version)
      this.#counts = { version, size: this.#rows.size.get() ?? 0, allowed: this.#rows.allowed.get() ?? 0 }
    return this.#counts
  }
}

/** What the entries of an attempt say: what came back earlier counts most. Null if there is none that is current. */
function answerOf(found: readonly Found[], at: number, { delay }: GreylistRules): GreylistAnswer | null {
  const of = (state: GreylistState) => found.filter((one) => one.state === state)
  const [allowed] = of('allowed')
  if (allowed) return { kind: 'known', since: allowed.passedAt ?? allowed.usedAt }
  const due = dueOf(found)
  if (due.length > 0) return { kind: 'came-back', after: at - Math.min(...due.map(({ firstAt }) => firstAt)) }
  const waiting = of('waiting').map(({ firstAt }) => notAfter(firstAt, at))
  return waiting.length === 0 ? null : { kind: 'wait', isFirst: false, until: Math.min(...waiting) + delay }
}

/** The entries that an attempt makes pass: that of the whole origin only if the message has no own entry. */
function dueOf(found: readonly Found[]): readonly Found[] {
  const due = found.filter(({ state }) => state === 'due')
  const own = due.filter(({ recipient }) => recipient !== ANY)
  return own.length > 0 ? own : due
}

function firstWait(at: number, { delay }: GreylistRules): GreylistAnswer {
  return { kind: 'wait', isFirst: true, until: at + delay }
}

function keyOf({ origin, sender, recipient }: Key): Key {
  return { origin, sender, recipient }
}

/** Days since 1970, UTC. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS)
}
