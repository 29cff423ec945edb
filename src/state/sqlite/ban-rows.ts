// The tables of the bans in SQLite, and their statements.

import type { Database, Statement } from 'better-sqlite3'
import type { Ban, BanSubject, KeptCount } from '../ban-contract.ts'
import type { StateFormat } from './state-file.ts'

export interface BanRow extends Ban {
  /** The operator that ended it before its time; empty if none did. */
  readonly endedBy: string
  /** Why. */
  readonly endReason: string
}

export interface KeptRow extends KeptCount {
  /** Unix milliseconds at which the value was right. */
  readonly at: number
}

/** A power failure may lose the last bans, but does not damage the file: a ban must not wait for the disk. */
export const banFormat: StateFormat = {
  version: 1,
  sync: 'normal',
  createTables: (db) =>
    db.exec(`CREATE TABLE IF NOT EXISTS bans (
        kind TEXT NOT NULL, value TEXT NOT NULL, prefix INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL,
        "by" TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL, times INTEGER NOT NULL,
        ended_by TEXT NOT NULL, end_reason TEXT NOT NULL, is_told INTEGER NOT NULL,
        PRIMARY KEY (kind, value)) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS bans_by_end ON bans (until);
      CREATE INDEX IF NOT EXISTS bans_untold ON bans (at) WHERE is_told = 0;
      CREATE INDEX IF NOT EXISTS bans_by_prefix ON bans (prefix) WHERE kind = 'network';
      CREATE TABLE IF NOT EXISTS counts (
        rate TEXT NOT NULL, key TEXT NOT NULL, value REAL NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (rate, key)) STRICT, WITHOUT ROWID`),
}

const COLUMNS = `kind, value, at, until, "by", reason, evidence, times, ended_by AS endedBy, end_reason AS endReason`

export interface BanStatements {
  readonly get: Statement<[BanSubject], BanRow>
  /** Inserts, or replaces an earlier one; it is news. `prefix`: of a network, by which an address finds it; 0 for the rest. */
  readonly put: Statement<[prefix: number, ban: Ban]>
  readonly end: Statement<
    [BanSubject & { readonly at: number; readonly endedBy: string; readonly endReason: string }],
    BanRow
  >
  /** 1 if any ban stands then. */
  readonly anyStands: Statement<[at: number], number>
  readonly prefixes: Statement<[], number>
  readonly untold: Statement<[limit: number], BanRow>
  /** Not if the ban was changed since it was read. */
  readonly tell: Statement<[BanSubject & { readonly at: number; readonly until: number; readonly endedBy: string }]>
  readonly standing: Statement<[at: number, limit: number], BanRow>
  readonly all: Statement<[limit: number], BanRow>
  readonly size: Statement<[], number>
  /** Removes what ended before, the longest ago first. Returns how many. */
  readonly forget: Statement<[{ readonly before: number; readonly limit: number }]>
  readonly counts: Statement<[], KeptRow>
  readonly clearCounts: Statement<[]>
  readonly putCount: Statement<[KeptRow]>
  readonly dropCount: Statement<[key: string]>
}

export function prepareBanStatements(db: Database): BanStatements {
  const BY_KEY = 'kind = @kind AND value = @value'
  return {
    get: db.prepare(`SELECT ${COLUMNS} FROM bans WHERE ${BY_KEY}`),
    put: db.prepare(`INSERT OR REPLACE INTO bans VALUES
      (@kind, @value, ?, @at, @until, @by, @reason, @evidence, @times, '', '', 0)`),
    end: db.prepare(`UPDATE bans SET until = @at, ended_by = @endedBy, end_reason = @endReason, is_told = 0
      WHERE ${BY_KEY} AND until > @at RETURNING ${COLUMNS}`),
    anyStands: db.prepare<[number], number>('SELECT 1 FROM bans WHERE until > ? LIMIT 1').pluck(),
    prefixes: db.prepare<[], number>("SELECT DISTINCT prefix FROM bans WHERE kind = 'network'").pluck(),
    untold: db.prepare(`SELECT ${COLUMNS} FROM bans WHERE is_told = 0 ORDER BY at LIMIT ?`),
    tell: db.prepare(
      `UPDATE bans SET is_told = 1 WHERE ${BY_KEY} AND at = @at AND until = @until AND ended_by = @endedBy`,
    ),
    standing: db.prepare(`SELECT ${COLUMNS} FROM bans WHERE until > ? ORDER BY until DESC LIMIT ?`),
    all: db.prepare(`SELECT ${COLUMNS} FROM bans ORDER BY until DESC LIMIT ?`),
    size: db.prepare<[], number>('SELECT count(*) FROM bans').pluck(),
    forget: db.prepare(`DELETE FROM bans WHERE (kind, value) IN
      (SELECT kind, value FROM bans WHERE until < @before AND is_told = 1 ORDER BY until LIMIT @limit)`),
    counts: db.prepare('SELECT rate, key, value, at FROM counts'),
    clearCounts: db.prepare('DELETE FROM counts'),
    putCount: db.prepare('INSERT OR REPLACE INTO counts VALUES (@rate, @key, @value, @at)'),
    dropCount: db.prepare('DELETE FROM counts WHERE key = ?'),
  }
}
