// The queue of webhooks in SQLite. What was finished stays for a time without its body, so that an event that is read from the ledger again
// after a kill is not sent twice.

import type { Database } from 'better-sqlite3'
import type { QueuedHook } from '../webhook-contract.ts'
import type { StateFormat } from './state-file.ts'

/** A power failure may lose the last rows; they are read from the ledger again. */
export const hookFormat: StateFormat = {
  version: 1,
  sync: 'normal',
  createTables: (db) =>
    db.exec(`CREATE TABLE IF NOT EXISTS hooks (
        id INTEGER PRIMARY KEY, target TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, body TEXT,
        UNIQUE (target, key)) STRICT;
      CREATE INDEX IF NOT EXISTS hooks_waiting ON hooks (target, id) WHERE body IS NOT NULL;
      CREATE INDEX IF NOT EXISTS hooks_by_age ON hooks (at);
      CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT`),
}

/** Rows that one call of `purge` removes: some milliseconds. */
const PURGED_AT_ONCE = 2000

/** The operations of `HookQueue`. Throws the errors of SQLite. */
export interface HookTable {
  add(target: string, hooks: readonly Omit<QueuedHook, 'id'>[], most: number): number
  next(target: string): QueuedHook | null
  finish(id: number): void
  waiting(target: string): number
  readTo(): number | null
  markRead(at: number): void
  purge(before: number): void
}

export function sqliteHooks(db: Database): HookTable {
  const insert = db.prepare('INSERT OR IGNORE INTO hooks (target, key, at, body) VALUES (?, ?, ?, ?)')
  const next = db.prepare<[string], QueuedHook>(
    'SELECT id, key, at, body FROM hooks WHERE target = ? AND body IS NOT NULL ORDER BY id LIMIT 1',
  )
  const finish = db.prepare('UPDATE hooks SET body = NULL WHERE id = ?')
  const waiting = db
    .prepare<[string], number>('SELECT count(*) FROM hooks WHERE target = ? AND body IS NOT NULL')
    .pluck()
  const drop = db.prepare(`UPDATE hooks SET body = NULL WHERE id IN
    (SELECT id FROM hooks WHERE target = ? AND body IS NOT NULL ORDER BY id LIMIT ?)`)
  const readTo = db.prepare<[], number>('SELECT at FROM progress').pluck()
  const markRead = db.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?)')
  const purge = db.prepare(`DELETE FROM hooks WHERE id IN
    (SELECT id FROM hooks WHERE at < ? AND body IS NULL LIMIT ${PURGED_AT_ONCE})`)
  return {
    add: (target, hooks, most) =>
      db
        .transaction(() => {
          for (const { key, at, body } of hooks) insert.run(target, key, at, body)
          const over = (waiting.get(target) ?? 0) - most
          return over > 0 ? drop.run(target, over).changes : 0
        })
        .immediate(),
    next: (target) => next.get(target) ?? null,
    finish: (id) => void finish.run(id),
    waiting: (target) => waiting.get(target) ?? 0,
    readTo: () => readTo.get() ?? null,
    markRead: (at) => void markRead.run(at),
    purge: (before) => void purge.run(before),
  }
}
