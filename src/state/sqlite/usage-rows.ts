// The tables of what accounts use, and their statements.

import type { Database, Statement } from 'better-sqlite3'
import { holdTables } from './hold-rows.ts'
import type { StateFormat } from './state-file.ts'

/** A count of one step of time. */
export interface CountKey {
  readonly account: string
  readonly measure: string
  /** Length of the step, milliseconds. */
  readonly step: number
}

export interface CountRow {
  /** Unix milliseconds. */
  readonly start: number
  readonly count: number
}

/** What an account has used before: recipient domains, networks of clients. */
export interface SeenKey {
  readonly account: string
  readonly kind: 'domain' | 'network'
  readonly value: string
}

export interface SentRow {
  readonly queueId: string
  readonly account: string
  readonly at: number
}

/** A power failure may lose the last counts, but does not damage the file. */
export const accountFormat: StateFormat = {
  version: 1,
  sync: 'normal',
  createTables: (db) =>
    db.exec(`CREATE TABLE IF NOT EXISTS counts (
        account TEXT NOT NULL, measure TEXT NOT NULL, step INTEGER NOT NULL, start INTEGER NOT NULL, count REAL NOT NULL,
        PRIMARY KEY (account, measure, step, start)) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS counts_by_age ON counts (step, start);
      CREATE TABLE IF NOT EXISTS seen (
        account TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
        PRIMARY KEY (account, kind, value)) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS seen_by_use ON seen (account, kind, last_at);
      CREATE INDEX IF NOT EXISTS seen_by_age ON seen (last_at);
      CREATE TABLE IF NOT EXISTS sent_mail (
        id INTEGER PRIMARY KEY, queue_id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS sent_by_account ON sent_mail (account, at);
      CREATE INDEX IF NOT EXISTS sent_by_age ON sent_mail (at);
      ${holdTables}`),
}

export interface UsageStatements {
  readonly add: Statement<[CountKey & CountRow]>
  readonly sum: Statement<[CountKey & { readonly after: number }], number | null>
  readonly steps: Statement<[CountKey & { readonly after: number }], CountRow>
  readonly dropSteps: Statement<[{ readonly step: number; readonly before: number; readonly limit: number }]>
  readonly firstSeen: Statement<[SeenKey], number>
  /** How many were seen before this one. */
  readonly seenBefore: Statement<[{ readonly account: string; readonly kind: string; readonly before: number }], number>
  readonly isSeen: Statement<[SeenKey], number>
  readonly see: Statement<[SeenKey & { readonly at: number; readonly before: number }]>
  readonly seenSize: Statement<[{ readonly account: string; readonly kind: string; readonly limit: number }], number>
  readonly forgetSeen: Statement<[{ readonly before: number; readonly limit: number }]>
  readonly dropOldestSeen: Statement<[{ readonly account: string; readonly kind: string; readonly limit: number }]>
  readonly sentBy: Statement<
    [
      {
        readonly account: string
        readonly app: string
        readonly after: number
        readonly before: number
        readonly limit: number
      },
    ],
    SentRow
  >
  readonly putSent: Statement<[SentRow]>
  readonly senderOf: Statement<[queueId: string], string>
  /** Removes two of the oldest, up to this row. */
  readonly dropSent: Statement<[upTo: number]>
  readonly forgetSent: Statement<[{ readonly before: number; readonly limit: number }]>
}

export const DAY_MS = 86_400_000

/** Adds units to the step of a time. */
export function addCount(
  rows: Pick<UsageStatements, 'add'>,
  { units, ...key }: CountKey & { readonly units: number },
  at: number,
): void {
  rows.add.run({ ...key, start: Math.floor(at / key.step) * key.step, count: units })
}

const BY_KEY = 'account = @account AND measure = @measure AND step = @step'

export function prepareUsageStatements(db: Database): UsageStatements {
  return {
    add: db.prepare(`INSERT INTO counts VALUES (@account, @measure, @step, @start, @count)
      ON CONFLICT (account, measure, step, start) DO UPDATE SET count = count + @count`),
    sum: db
      .prepare<[CountKey & { readonly after: number }], number | null>(
        `SELECT sum(count) FROM counts WHERE ${BY_KEY} AND start > @after`,
      )
      .pluck(),
    steps: db.prepare(`SELECT start, count FROM counts WHERE ${BY_KEY} AND start > @after ORDER BY start`),
    dropSteps: db.prepare(`DELETE FROM counts WHERE (account, measure, step, start) IN
      (SELECT account, measure, step, start FROM counts WHERE step = @step AND start < @before LIMIT @limit)`),
    firstSeen: db
      .prepare<[SeenKey], number>(
        'SELECT first_at FROM seen WHERE account = @account AND kind = @kind AND value = @value',
      )
      .pluck(),
    seenBefore: db
      .prepare<[{ account: string; kind: string; before: number }], number>(
        'SELECT count(*) FROM seen WHERE account = @account AND kind = @kind AND first_at < @before',
      )
      .pluck(),
    isSeen: db
      .prepare<[SeenKey], number>('SELECT 1 FROM seen WHERE account = @account AND kind = @kind AND value = @value')
      .pluck(),
    see: db.prepare(`INSERT INTO seen VALUES (@account, @kind, @value, @at, @at)
      ON CONFLICT (account, kind, value) DO UPDATE SET last_at = @at WHERE last_at < @before`),
    seenSize: db
      .prepare<[{ account: string; kind: string; limit: number }], number>(
        'SELECT count(*) FROM (SELECT 1 FROM seen WHERE account = @account AND kind = @kind LIMIT @limit)',
      )
      .pluck(),
    forgetSeen: db.prepare(`DELETE FROM seen WHERE (account, kind, value) IN
      (SELECT account, kind, value FROM seen WHERE last_at < @before LIMIT @limit)`),
    dropOldestSeen: db.prepare(`DELETE FROM seen WHERE (account, kind, value) IN
      (SELECT account, kind, value FROM seen WHERE account = @account AND kind = @kind ORDER BY last_at LIMIT @limit)`),
    putSent: db.prepare('INSERT OR IGNORE INTO sent_mail (queue_id, account, at) VALUES (@queueId, @account, @at)'),
    senderOf: db.prepare<[string], string>('SELECT account FROM sent_mail WHERE queue_id = ?').pluck(),
    sentBy: db.prepare(`SELECT queue_id AS queueId, account, at FROM sent_mail
      WHERE (account = @account OR account GLOB @app) AND at > @after AND at < @before ORDER BY at DESC LIMIT @limit`),
    forgetSent: db.prepare(
      'DELETE FROM sent_mail WHERE id IN (SELECT id FROM sent_mail WHERE at < @before LIMIT @limit)',
    ),
    dropSent: db.prepare(
      'DELETE FROM sent_mail WHERE id IN (SELECT id FROM sent_mail WHERE id <= ? ORDER BY id LIMIT 2)',
    ),
  }
}
