// What the node asks the file of the greylist.

import type { Database } from 'better-sqlite3'
import type { GreylistAnswer, GreylistAttempt, GreylistRules } from '../greylist-contract.ts'
import { writeRules } from './greylist-rows.ts'
import { type GreylistLimits, sqliteGreylist } from './sqlite-greylist.ts'

/** `size`: entries of the table. */
interface Sized {
  readonly size: number
}

/** Throws the errors of SQLite. */
export interface GreylistTable {
  /** Records the rules for commands. */
  record(rules: GreylistRules): Sized
  /** `isOverShare`: the share of the client's network was used up. */
  judge(
    attempt: GreylistAttempt,
    rules: GreylistRules,
  ): Sized & { readonly answer: GreylistAnswer; readonly isOverShare: boolean }
  /** Removes some old entries; says how many did not come back. */
  purge(rules: GreylistRules, at: number): Sized & { readonly lost: number }
}

export function greylistTable(db: Database, limits: GreylistLimits): GreylistTable {
  let isOverShare = false
  // A file that took the place of a damaged one has no rules.
  let recorded: GreylistRules | null = null
  const recordNew = (rules: GreylistRules) => {
    if (recorded === null) writeRules(db, rules)
    recorded = rules
  }
  const entries = sqliteGreylist(db, limits, { overShare: () => (isOverShare = true) })
  return {
    record: (rules) => {
      recorded = null
      recordNew(rules)
      return { size: entries.size }
    },
    judge: (attempt, rules) => {
      isOverShare = false
      recordNew(rules)
      const answer = entries.judge(attempt, rules)
      return { answer, isOverShare, size: entries.size }
    },
    purge: (rules, at) => ({ lost: entries.purge(rules, at), size: entries.size }),
  }
}
