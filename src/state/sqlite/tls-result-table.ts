// Results of TLS sessions in SQLite, and the reports that are to be sent about them.

import type { Database } from 'better-sqlite3'
import type { Added, DayOfDomain, DueReport, TlsResultRow } from '../tls-result-contract.ts'
import type { StateFormat } from './state-file.ts'

/** A power failure may lose the last results: reports are statistics. */
export const tlsResultFormat: StateFormat = {
  version: 1,
  sync: 'normal',
  createTables: (db) =>
    db.exec(`CREATE TABLE IF NOT EXISTS results (
        day TEXT NOT NULL, domain TEXT NOT NULL, policy TEXT NOT NULL, failure TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (day, domain, policy, failure)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS planned (
        day TEXT NOT NULL, domain TEXT NOT NULL, PRIMARY KEY (day, domain)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS reports (
        day TEXT NOT NULL, domain TEXT NOT NULL, uri TEXT NOT NULL, attempts INTEGER NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (day, domain, uri)) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS reports_by_time ON reports (at)`),
}

export interface TlsResultTable {
  add(rows: readonly TlsResultRow[]): Added
  unplanned(request: {
    readonly before: string
    readonly limit: number
    readonly after: DayOfDomain | null
  }): readonly DayOfDomain[]
  plan(of: DayOfDomain, uris: readonly string[], at: number): number
  due(now: number, limit: number): readonly DueReport[]
  resultsOf(of: DayOfDomain): readonly TlsResultRow[]
  finish(report: DueReport): number
  postpone(report: DueReport, at: number): number
  purge(day: string): number
}

interface Row {
  readonly policy: string
  readonly failure: string
  readonly count: number
}

/** Throws the errors of SQLite. @param capacity rows in all; `share`: rows of one day and domain */
export function tlsResultTable(
  db: Database,
  { capacity, share }: { readonly capacity: number; readonly share: number },
): TlsResultTable {
  const statements = prepareStatements(db)
  const { increase, insert, ofDomain, unplanned, markPlanned, addReport, due, resultsOf } = statements
  const { removeReport, anyReport, removeDay, postpone, removeBefore, count } = statements
  let rows = count.get() ?? 0
  const counted = () => (rows = count.get() ?? 0)
  const addOne = ({ day, domain, policy, failure, count: more }: TlsResultRow): boolean => {
    const key = [day, domain, JSON.stringify(policy), JSON.stringify(failure)] as const
    if (increase.run(more, ...key).changes > 0) return true
    if (rows >= capacity || (ofDomain.get(day, domain) ?? 0) >= share) return false
    insert.run(...key, more)
    rows++
    return true
  }
  const endDay = ({ day, domain }: DayOfDomain) => {
    for (const remove of removeDay) remove.run(day, domain)
    return counted()
  }
  return {
    add: (added) => {
      const dropped = added.filter((one) => !addOne(one)).reduce((sum, one) => sum + one.count, 0)
      return { dropped, rows }
    },
    unplanned: ({ before, limit, after }) => unplanned.all(before, after?.day ?? '', after?.domain ?? '', limit),
    plan: (of, uris, at) => {
      if (uris.length === 0) return endDay(of)
      markPlanned.run(of.day, of.domain)
      for (const uri of uris) addReport.run(of.day, of.domain, uri, at)
      return rows
    },
    due: (now, limit) => due.all(now, limit),
    resultsOf: ({ day, domain }) => resultsOf.all(day, domain).map((row) => rowOf({ day, domain }, row)),
    finish: (report) => {
      removeReport.run(report.day, report.domain, report.uri)
      return anyReport.get(report.day, report.domain) === undefined ? endDay(report) : rows
    },
    postpone: ({ day, domain, uri }, at) => {
      postpone.run(at, day, domain, uri)
      return rows
    },
    purge: (day) => {
      for (const remove of removeBefore) remove.run(day)
      return counted()
    },
  }
}

function prepareStatements(db: Database) {
  const increase = db.prepare(
    'UPDATE results SET count = count + ? WHERE day = ? AND domain = ? AND policy = ? AND failure = ?',
  )
  const insert = db.prepare('INSERT INTO results (day, domain, policy, failure, count) VALUES (?, ?, ?, ?, ?)')
  const ofDomain = db
    .prepare<[string, string], number>('SELECT count(*) FROM results WHERE day = ? AND domain = ?')
    .pluck()
  const unplanned = db.prepare<[string, string, string, number], DayOfDomain>(
    `SELECT DISTINCT day, domain FROM results WHERE day < ? AND (day, domain) > (?, ?)
      AND NOT EXISTS (SELECT 1 FROM planned WHERE planned.day = results.day AND planned.domain = results.domain)
      ORDER BY day, domain LIMIT ?`,
  )
  const markPlanned = db.prepare('INSERT OR IGNORE INTO planned (day, domain) VALUES (?, ?)')
  const addReport = db.prepare('INSERT OR IGNORE INTO reports (day, domain, uri, attempts, at) VALUES (?, ?, ?, 0, ?)')
  const due = db.prepare<[number, number], DueReport>(
    'SELECT day, domain, uri, attempts FROM reports WHERE at <= ? ORDER BY at LIMIT ?',
  )
  const resultsOf = db.prepare<[string, string], Row>(
    'SELECT policy, failure, count FROM results WHERE day = ? AND domain = ?',
  )
  const removeReport = db.prepare('DELETE FROM reports WHERE day = ? AND domain = ? AND uri = ?')
  const anyReport = db.prepare<[string, string], number>('SELECT 1 FROM reports WHERE day = ? AND domain = ?').pluck()
  const tables = ['results', 'planned', 'reports'] as const
  const removeDay = ['results', 'planned'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE day = ? AND domain = ?`),
  )
  const postpone = db.prepare(
    'UPDATE reports SET attempts = attempts + 1, at = ? WHERE day = ? AND domain = ? AND uri = ?',
  )
  const removeBefore = tables.map((table) => db.prepare(`DELETE FROM ${table} WHERE day < ?`))
  const count = db.prepare<[], number>('SELECT count(*) FROM results').pluck()
  return {
    increase,
    insert,
    ofDomain,
    unplanned,
    markPlanned,
    addReport,
    due,
    resultsOf,
    removeReport,
    anyReport,
    removeDay,
    postpone,
    removeBefore,
    count,
  }
}

function rowOf({ day, domain }: DayOfDomain, { policy, failure, count }: Row): TlsResultRow {
  return {
    day,
    domain,
    policy: JSON.parse(policy) as TlsResultRow['policy'],
    failure: JSON.parse(failure) as TlsResultRow['failure'],
    count,
  }
}
