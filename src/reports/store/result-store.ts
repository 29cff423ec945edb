// Keeps what this node found of the mail of others, by day and domain, until the report about it was sent.

import type { Database } from 'better-sqlite3'
import type { CountedResult } from '../sending/result-tally.ts'
import type { VerifiedResult } from '../sending/verified-result.ts'

/** A report that can be sent. */
export interface DueReport {
  readonly day: string
  readonly policyDomain: string
  readonly organization: string
}

export interface ResultStore {
  /** @param capacity different results of all domains and days */
  add(results: readonly CountedResult[], capacity: number): ResultsAdded
  /** Reports about days before this one, the oldest first. */
  due(before: string, limit: number): readonly DueReport[]
  results(due: Pick<DueReport, 'day' | 'policyDomain'>): {
    readonly results: readonly CountedResult[]
    readonly omitted: number
  }
  /** Forgets the results of a report that was sent or given up. */
  finish(due: Pick<DueReport, 'day' | 'policyDomain'>): void
}

export interface ResultsAdded {
  /** Messages whose results found no place; reports name those of their domain. */
  readonly omitted: number
  /** Different results in the store. */
  readonly rows: number
}

/** Different results of one domain and day. With all of them a report has some 100 KiB. */
const MOST_RESULTS = 1000

export function createResultTables(db: Database): void {
  db.exec(`CREATE TABLE IF NOT EXISTS results (
      day TEXT NOT NULL, policy_domain TEXT NOT NULL, result TEXT NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (day, policy_domain, result)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS result_days (
      day TEXT NOT NULL, policy_domain TEXT NOT NULL, organization TEXT NOT NULL, rows INTEGER NOT NULL,
      omitted INTEGER NOT NULL, PRIMARY KEY (day, policy_domain)) STRICT, WITHOUT ROWID`)
}

/** Throws the errors of SQLite. */
export function createResultStore(db: Database): ResultStore {
  const addOne = addition(db)
  const all = db.prepare<[], number>('SELECT coalesce(sum(rows), 0) FROM result_days').pluck()
  const due = db.prepare<[string, number], DueReport>(
    'SELECT day, policy_domain AS policyDomain, organization FROM result_days WHERE day < ? ORDER BY day, policy_domain LIMIT ?',
  )
  const read = db.prepare<[string, string], { result: string; count: number }>(
    'SELECT result, count FROM results WHERE day = ? AND policy_domain = ? ORDER BY count DESC',
  )
  const omitted = db
    .prepare<[string, string], number>('SELECT omitted FROM result_days WHERE day = ? AND policy_domain = ?')
    .pluck()
  const removals = ['results', 'result_days'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE day = ? AND policy_domain = ?`),
  )
  return {
    add: (results, capacity) =>
      db
        .transaction(() => {
          let rows = all.get() ?? 0
          let omitted = 0
          for (const one of results) {
            const added = addOne(one, rows >= capacity)
            if (added === 'added') rows++
            else if (added === 'omitted') omitted += one.count
          }
          return { omitted, rows }
        })
        .immediate(),
    due: (before, limit) => due.all(before, limit),
    results: ({ day, policyDomain }) => ({
      results: read.all(day, policyDomain).map(({ result, count }) => {
        const rest = JSON.parse(result) as Omit<VerifiedResult, 'day' | 'policyDomain' | 'organization'>
        return { result: { day, policyDomain, organization: '', ...rest }, count }
      }),
      omitted: omitted.get(day, policyDomain) ?? 0,
    }),
    finish: ({ day, policyDomain }) => {
      db.transaction(() => {
        for (const remove of removals) remove.run(day, policyDomain)
      }).immediate()
    },
  }
}

/** Adds one result. `omitted`: it found no place, and its messages are counted in the report of its domain, if there is one. */
function addition(db: Database) {
  const more = db.prepare('UPDATE results SET count = count + ? WHERE day = ? AND policy_domain = ? AND result = ?')
  const insert = db.prepare('INSERT INTO results VALUES (?, ?, ?, ?)')
  const begin = db.prepare('INSERT OR IGNORE INTO result_days VALUES (?, ?, ?, 0, 0)')
  const rowsOf = db
    .prepare<[string, string], number>('SELECT rows FROM result_days WHERE day = ? AND policy_domain = ?')
    .pluck()
  const grow = db.prepare('UPDATE result_days SET rows = rows + 1 WHERE day = ? AND policy_domain = ?')
  const omit = db.prepare('UPDATE result_days SET omitted = omitted + ? WHERE day = ? AND policy_domain = ?')
  return ({ result, count }: CountedResult, isFull: boolean): 'known' | 'added' | 'omitted' => {
    const { day, policyDomain, organization, ...rest } = result
    const text = JSON.stringify(rest)
    if (more.run(count, day, policyDomain, text).changes > 0) return 'known'
    // A row of a new domain would grow the file beyond its capacity too.
    if (!isFull) begin.run(day, policyDomain, organization)
    if (isFull || (rowsOf.get(day, policyDomain) ?? 0) >= MOST_RESULTS) {
      omit.run(count, day, policyDomain)
      return 'omitted'
    }
    insert.run(day, policyDomain, text, count)
    grow.run(day, policyDomain)
    return 'added'
  }
}
