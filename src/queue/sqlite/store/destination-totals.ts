// How many recipients wait for each destination, and since when: totals in the worker's memory beside the database. Changes are staged with the
// transaction that makes them and are applied or dropped with it.

import type { DestinationSummary } from '../../contract/queue.ts'
import type { Statements } from './statements.ts'

interface Entry {
  waiting: number
  earliest: number
}

interface Staged {
  delta: number
  /** Earliest time added, or Infinity. */
  added: number
  /** A recipient was removed: the earliest time must be read again. */
  removed: boolean
}

export class DestinationTotals {
  readonly #sql: Statements
  #entries = new Map<string, Entry>()
  #staged = new Map<string, Staged>()
  #suspended = new Set<string>()
  readonly #stagedSuspensions = new Map<string, boolean>()
  #waiting = 0

  constructor(sql: Statements) {
    this.#sql = sql
    this.reload()
  }

  /** Recipients waiting for any destination, suspended ones included. */
  get waiting(): number {
    return this.#waiting
  }

  isSuspended(nextHop: string): boolean {
    return this.#suspended.has(nextHop)
  }

  /** Stages one more recipient waiting. */
  add(nextHop: string, nextAttemptAt: number): void {
    const staged = this.#stage(nextHop)
    staged.delta++
    staged.added = Math.min(staged.added, nextAttemptAt)
  }

  /** Stages one recipient fewer. */
  remove(nextHop: string): void {
    const staged = this.#stage(nextHop)
    staged.delta--
    staged.removed = true
  }

  /** Stages that an operator suspended or resumed a destination. */
  setSuspended(nextHop: string, suspended: boolean): void {
    this.#stagedSuspensions.set(nextHop, suspended)
    this.#stage(nextHop)
  }

  /** Applies the staged changes, after the commit. Returns the destinations that changed. */
  commit(): DestinationSummary[] {
    if (this.#staged.size === 0) return []
    const changed: DestinationSummary[] = []
    for (const [nextHop, suspended] of this.#stagedSuspensions) {
      if (suspended) this.#suspended.add(nextHop)
      else this.#suspended.delete(nextHop)
    }
    this.#stagedSuspensions.clear()
    for (const [nextHop, staged] of this.#staged) {
      this.#apply(nextHop, staged)
      changed.push(this.#summary(nextHop))
    }
    this.#staged.clear()
    return changed
  }

  rollback(): void {
    this.#stagedSuspensions.clear()
    this.#staged.clear()
  }

  /** Reads all totals again: at open, and when another process wrote. Returns the destinations that changed. */
  reload(): DestinationSummary[] {
    const before = new Map(this.summaries().map((one) => [one.nextHop, one]))
    this.#suspended = new Set(this.#sql.selectSuspensions().map((one) => one.nextHop))
    this.#entries = new Map()
    this.#waiting = 0
    for (const { nextHop, waiting, earliestAttemptAt } of this.#sql.selectWaiting()) {
      this.#entries.set(nextHop, { waiting, earliest: earliestAttemptAt })
      this.#waiting += waiting
    }
    const after = this.summaries().filter((one) => {
      const old = before.get(one.nextHop)
      before.delete(one.nextHop)
      return old?.waiting !== one.waiting || old.earliestAttemptAt !== one.earliestAttemptAt
    })
    return [...after, ...[...before.keys()].map((nextHop) => ({ nextHop, waiting: 0, earliestAttemptAt: 0 }))]
  }

  /** The destinations with waiting recipients, without suspended ones. */
  summaries(): DestinationSummary[] {
    return [...this.#entries.keys()]
      .filter((nextHop) => !this.#suspended.has(nextHop))
      .map((nextHop) => this.#summary(nextHop))
  }

  #summary(nextHop: string): DestinationSummary {
    const entry = this.#suspended.has(nextHop) ? undefined : this.#entries.get(nextHop)
    return { nextHop, waiting: entry?.waiting ?? 0, earliestAttemptAt: entry?.earliest ?? 0 }
  }

  #apply(nextHop: string, staged: Staged): void {
    const entry = this.#entries.get(nextHop) ?? { waiting: 0, earliest: Number.POSITIVE_INFINITY }
    this.#waiting += staged.delta
    entry.waiting += staged.delta
    if (entry.waiting <= 0) {
      this.#entries.delete(nextHop)
      return
    }
    entry.earliest = Math.min(entry.earliest, staged.added)
    if (staged.removed) entry.earliest = this.#sql.selectEarliest(nextHop) ?? entry.earliest
    this.#entries.set(nextHop, entry)
  }

  #stage(nextHop: string): Staged {
    const known = this.#staged.get(nextHop)
    if (known) return known
    const fresh = { delta: 0, added: Number.POSITIVE_INFINITY, removed: false }
    this.#staged.set(nextHop, fresh)
    return fresh
  }
}
