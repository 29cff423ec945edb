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
  add(results: readonly CountedResult[]): void
  /** Reports about days before this one, the oldest first. */
  due(before: string, limit: number): readonly DueReport[]
  results(due: Pick<DueReport, 'day' | 'policyDomain'>): {
    readonly results: readonly CountedResult[]
    readonly omitted: number
  }
  /** Forgets the results of a report that was sent or given up. */
  finish(due: Pick<DueReport, 'day' | 'policyDomain'>): void
}

/** Different results of one domain and day. With all of them a report has some 100 KiB. */
const MOST_RESULTS = 1000
/** Of all domains: strangers can write as any domain. Some 100 MB. */
const MOST_ROWS = 300_000

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
  const more = db.prepare('UPDATE results SET count = count + ? WHERE day = ? AND policy_domain = ? AND result = ?')
  const insert = db.prepare('INSERT INTO results VALUES (?, ?, ?, ?)')
  const begin = db.prepare('INSERT OR IGNORE INTO result_days VALUES (?, ?, ?, 0, 0)')
  const rowsOf = db
    .prepare<[string, string], number>('SELECT rows FROM result_days WHERE day = ? AND policy_domain = ?')
    .pluck()
  const all = db.prepare<[], number>('SELECT coalesce(sum(rows), 0) FROM result_days').pluck()
  const grow = db.prepare('UPDATE result_days SET rows = rows + 1 WHERE day = ? AND policy_domain = ?')
  const omit = db.prepare('UPDATE result_days SET omitted = omitted + ? WHERE day = ? AND policy_domain = ?')
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
  const addOne = ({ result, count }: CountedResult, total: number): boolean => {
    const { day, policyDomain, organization, ...rest } = result
    const text = JSON.stringify(rest)
    if (more.run(count, day, policyDomain, text).changes > 0) return false
    if (total >= MOST_ROWS) return false
    begin.run(day, policyDomain, organization)
    if ((rowsOf.get(day, policyDomain) ?? 0) >= MOST_RESULTS) {
      omit.run(count, day, policyDomain)
      return false
    }
    insert.run(day, policyDomain, text, count)
    grow.run(day, policyDomain)
    return true
  }
  return {
    add: (results) =>
      db
        .transaction(() => {
          let total = all.get() ?? 0
          for (const one of results) if (addOne(one, total)) total++
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
