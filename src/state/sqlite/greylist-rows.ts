// The table of the greylist in SQLite, and its statements.

import type { Database, Statement } from 'better-sqlite3'
import type { GreylistRules } from '../greylist-contract.ts'
import type { EntryTimes } from '../greylist-state.ts'
import type { StateFormat } from './state-file.ts'

/** In place of sender and recipient: the entry is about all mail of its origin. It is no domain and no address. */
export const ANY = '*'

export interface Key {
  readonly origin: string
  readonly sender: string
  readonly recipient: string
}

export interface Row extends Key, EntryTimes {
  readonly network: string
  readonly reason: string
}

/** Counted in the table `results`. */
export type Result = 'greylisted' | 'came-back' | 'lost' | 'evicted'

function createTables(db: Database): void {
  db.exec(`CREATE TABLE IF NOT EXISTS entries (
      origin TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, network TEXT NOT NULL, reason TEXT NOT NULL,
      first_at INTEGER NOT NULL, passed_at INTEGER, used_at INTEGER NOT NULL,
      PRIMARY KEY (origin, sender, recipient)) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS waiting_by_age ON entries (first_at) WHERE passed_at IS NULL;
    CREATE INDEX IF NOT EXISTS allowed_by_use ON entries (used_at) WHERE passed_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS allowed_by_origin ON entries (origin, passed_at) WHERE passed_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS by_network ON entries (network);
    CREATE TABLE IF NOT EXISTS results (
      day INTEGER NOT NULL, reason TEXT NOT NULL, result TEXT NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (day, reason, result)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rules (
      id INTEGER PRIMARY KEY CHECK (id = 1), delay INTEGER NOT NULL, window INTEGER NOT NULL, allow_for INTEGER NOT NULL) STRICT`)
}

/** It holds advice only, so nothing waits for the disk. What a damaged file knew waits once more. */
export const greylistFormat: StateFormat = { version: 1, sync: 'off', createTables }

/** Records the rules for commands, which may not be able to read the configuration. */
export function writeRules(db: Database, { delay, window, allowFor }: GreylistRules): void {
  db.prepare('INSERT OR REPLACE INTO rules VALUES (1, ?, ?, ?)').run(delay, window, allowFor)
}

export function readRules(db: Database): GreylistRules | null {
  return db.prepare<[], GreylistRules>('SELECT delay, window, allow_for AS allowFor FROM rules').get() ?? null
}

export const COLUMNS =
  'origin, sender, recipient, network, reason, first_at AS firstAt, passed_at AS passedAt, used_at AS usedAt'
const KEY = '(origin, sender, recipient)'
const BY_KEY = 'origin = @origin AND sender = @sender AND recipient = @recipient'
const removeOf = (condition: string, order: string) =>
  `DELETE FROM entries WHERE ${KEY} IN
    (SELECT origin, sender, recipient FROM entries WHERE ${condition} ORDER BY ${order} LIMIT @limit) RETURNING reason`

export interface OldRows {
  /** Rows with an earlier time are removed. */
  readonly before: number
  readonly limit: number
}

type Removal = Statement<[OldRows], { readonly reason: string }>

export interface GreylistStatements {
  readonly get: Statement<[Key], Row>
  readonly insert: Statement<[Row]>
  readonly remove: Statement<[Key]>
  /** Starts the wait of an entry again. */
  readonly restart: Statement<[Key & { readonly at: number }]>
  readonly pass: Statement<[Key & { readonly at: number }]>
  readonly use: Statement<[Key & { readonly at: number }]>
  readonly removeWaiting: Removal
  readonly removeAllowed: Removal
  readonly removeAllowedOf: Statement<[string]>
  readonly size: Statement<[], number>
  readonly allowed: Statement<[], number>
  /** Entries of a network, counted up to a limit. */
  readonly ofNetwork: Statement<[{ readonly network: string; readonly limit: number }], number>
  /** Messages of an origin that came back. */
  readonly passesOf: Statement<[string], number>
  readonly count: Statement<[day: number, reason: string, result: Result]>
  readonly forget: Statement<[day: number]>
}

export function prepareStatements(db: Database): GreylistStatements {
  return {
    get: db.prepare(`SELECT ${COLUMNS} FROM entries WHERE ${BY_KEY}`),
    insert: db.prepare(`INSERT INTO entries VALUES
      (@origin, @sender, @recipient, @network, @reason, @firstAt, @passedAt, @usedAt)`),
    remove: db.prepare(`DELETE FROM entries WHERE ${BY_KEY}`),
    restart: db.prepare(`UPDATE entries SET first_at = @at, used_at = @at WHERE ${BY_KEY}`),
    pass: db.prepare(`UPDATE entries SET passed_at = @at, used_at = @at WHERE ${BY_KEY}`),
    use: db.prepare(`UPDATE entries SET used_at = @at WHERE ${BY_KEY}`),
    removeWaiting: db.prepare(removeOf('passed_at IS NULL AND first_at < @before', 'first_at')),
    removeAllowed: db.prepare(removeOf('passed_at IS NOT NULL AND used_at < @before', 'used_at')),
    removeAllowedOf: db.prepare('DELETE FROM entries WHERE origin = ? AND passed_at IS NOT NULL'),
    size: db.prepare<[], number>('SELECT count(*) FROM entries').pluck(),
    allowed: db.prepare<[], number>('SELECT count(*) FROM entries WHERE passed_at IS NOT NULL').pluck(),
    ofNetwork: db
      .prepare<[{ readonly network: string; readonly limit: number }], number>(
        `SELECT count(*) FROM (SELECT 1 FROM entries WHERE network = @network AND recipient <> '${ANY}' LIMIT @limit)`,
      )
      .pluck(),
    passesOf: db
      .prepare<[string], number>(
        'SELECT count(DISTINCT passed_at) FROM entries WHERE origin = ? AND passed_at IS NOT NULL',
      )
      .pluck(),
    count: db.prepare(`INSERT INTO results VALUES (?, ?, ?, 1)
      ON CONFLICT (day, reason, result) DO UPDATE SET count = count + 1`),
    forget: db.prepare('DELETE FROM results WHERE day < ?'),
  }
}
