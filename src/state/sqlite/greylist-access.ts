// The greylist for commands, beside a running node or without one: lists, counts, removes, and judges without a trace.

import { existsSync } from 'node:fs'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import type {
  Greylist,
  GreylistEntry,
  GreylistFilter,
  GreylistReader,
  GreylistResult,
  GreylistRules,
} from '../greylist-contract.ts'
import { stateOf } from '../greylist-state.ts'
import { ANY, COLUMNS, type Key, readRules, type Result, type Row } from './greylist-rows.ts'
import { dayOf, sqliteGreylist } from './sqlite-greylist.ts'
import { COMMAND_BUSY_MS } from './state-file.ts'

/** Entries that one transaction removes: a running node waits for it. */
const REMOVED_AT_ONCE = 500

/** The node writes its rules when it opens the file; without them nothing has an end. */
const noRules: GreylistRules = {
  delay: 0,
  window: Number.MAX_SAFE_INTEGER,
  allowFor: Number.MAX_SAFE_INTEGER,
}

/** Null if there is no file yet. Throws the errors of SQLite. */
export function openGreylistReader(path: string): (GreylistReader & { close(): void }) | null {
  if (!existsSync(path)) return null
  const db = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: COMMAND_BUSY_MS })
  return {
    entries: async (filter, view) => matching(db, filter, view),
    results: async (view) => resultsOf(db, view),
    close: () => db.close(),
  }
}

/** Removes what matches at `at`, unix milliseconds, and returns how many; 0 if there is no file. Throws the errors of SQLite. */
export function removeEntries(path: string, filter: GreylistFilter, at: number): number {
  if (!existsSync(path)) return 0
  const db = new SqliteDatabase(path, { fileMustExist: true, timeout: COMMAND_BUSY_MS })
  try {
    db.pragma('secure_delete = ON')
    const remove = db.prepare<[Key]>(
      'DELETE FROM entries WHERE origin = @origin AND sender = @sender AND recipient = @recipient',
    )
    const some = db.transaction((keys: readonly Key[]) =>
      keys.reduce((sum, { origin, sender, recipient }) => sum + remove.run({ origin, sender, recipient }).changes, 0),
    )
    const keys = matchingRows(db, filter, { at, limit: Number.MAX_SAFE_INTEGER })
    let removed = 0
    for (let start = 0; start < keys.length; start += REMOVED_AT_ONCE)
      removed += some.immediate(keys.slice(start, start + REMOVED_AT_ONCE))
    return removed
  } finally {
    db.close()
  }
}

/** Answers as the node would, and changes nothing. Without a file everything is new. */
export function peekingGreylist(path: string): Greylist {
  return {
    judge: async (attempt, rules) => {
      if (!existsSync(path)) return { kind: 'wait', isFirst: true, until: attempt.at + rules.delay }
      try {
        const db = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: COMMAND_BUSY_MS })
        try {
          const limits = { capacity: Number.POSITIVE_INFINITY, share: Number.POSITIVE_INFINITY }
          return sqliteGreylist(db, limits, { overShare: () => undefined }).peek(attempt, rules)
        } finally {
          db.close()
        }
      } catch (error) {
        return { kind: 'unavailable', cause: (error as Error).message }
      }
    },
  }
}

interface ListView {
  readonly at: number
  readonly limit: number
}

function matching(db: Database, filter: GreylistFilter, view: ListView): readonly GreylistEntry[] {
  const rules = readRules(db) ?? noRules
  return matchingRows(db, filter, view).map(({ sender, recipient, ...row }) => ({
    ...row,
    sender: sender === ANY && recipient === ANY ? null : sender,
    recipient: recipient === ANY ? null : recipient,
    state: stateOf(row, rules, view.at),
  }))
}

function matchingRows(db: Database, filter: GreylistFilter, { at, limit }: ListView): readonly Row[] {
  const rules = readRules(db) ?? noRules
  const { network, sender, recipient, state } = filter
  const conditions = [
    ...(network === undefined ? [] : ['network = @network']),
    ...(sender === undefined ? [] : ['(sender = @sender OR origin = @sender)']),
    ...(recipient === undefined ? [] : ['recipient = @recipient']),
  ]
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const rows = db
    .prepare<[object], Row>(`SELECT ${COLUMNS} FROM entries ${where} ORDER BY first_at, origin, sender, recipient`)
    .iterate({ network, sender, recipient })
  const found: Row[] = []
  for (const row of rows) {
    if (state !== undefined && stateOf(row, rules, at) !== state) continue
    found.push(row)
    if (found.length >= limit) break
  }
  return found
}

interface Counted {
  readonly reason: string
  readonly result: Result
  readonly count: number
}

/** What is lost and still in the table counts too. */
function resultsOf(
  db: Database,
  { since, at }: { readonly since: number; readonly at: number },
): readonly GreylistResult[] {
  const { window } = readRules(db) ?? noRules
  const counted = db
    .prepare<[number], Counted>(
      'SELECT reason, result, sum(count) AS count FROM results WHERE day >= ? GROUP BY reason, result',
    )
    .all(dayOf(since))
  const lost = db
    .prepare<[number], Omit<Counted, 'result'>>(
      'SELECT reason, count(*) AS count FROM entries WHERE passed_at IS NULL AND first_at < ? GROUP BY reason',
    )
    .all(at - window)
  const all: Counted[] = [...counted, ...lost.map((one) => ({ ...one, result: 'lost' as const }))]
  const sumOf = (reason: string, result: Result) =>
    all.filter((one) => one.reason === reason && one.result === result).reduce((sum, { count }) => sum + count, 0)
  return [...new Set(all.map(({ reason }) => reason))].toSorted().map((reason) => ({
    reason,
    greylisted: sumOf(reason, 'greylisted'),
    cameBack: sumOf(reason, 'came-back'),
    lost: sumOf(reason, 'lost'),
    evicted: sumOf(reason, 'evicted'),
  }))
}
