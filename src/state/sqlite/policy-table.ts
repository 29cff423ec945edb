// The MTA-STS policies of other domains in SQLite.

import type { Database } from 'better-sqlite3'
import type { StaleRequest, Stock, StoredPolicy } from '../sts-contract.ts'
import type { StateFormat } from './state-file.ts'

/** A power failure may lose the policies of the last seconds, which are fetched again: the thread of the state must not wait for the disk. */
export const policyFormat: StateFormat = {
  version: 1,
  sync: 'normal',
  createTables: (db) =>
    db.exec(`CREATE TABLE IF NOT EXISTS policies (
        domain TEXT PRIMARY KEY, id TEXT NOT NULL, mode TEXT NOT NULL, mx TEXT NOT NULL, max_age INTEGER NOT NULL,
        fetched_at INTEGER NOT NULL, used_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS policies_by_use ON policies (used_at);
      CREATE INDEX IF NOT EXISTS policies_by_fetch ON policies (fetched_at)`),
}

export interface PolicyTable {
  find(domain: string): { readonly policy: StoredPolicy | null }
  put(policy: StoredPolicy): Stock
  touch(domain: string, at: number): Stock
  stale(request: StaleRequest): { readonly policies: readonly StoredPolicy[] }
  purge(now: number): Stock
}

interface Row {
  readonly domain: string
  readonly id: string
  readonly mode: StoredPolicy['mode']
  readonly mx: string
  readonly max_age: number
  readonly fetched_at: number
  readonly used_at: number
}

const DAY_MS = 86_400_000
/** Rows that one purge removes: some milliseconds. */
const PURGED_AT_ONCE = 2000

/** Throws the errors of SQLite. @param capacity policies at most */
export function policyTable(db: Database, { capacity }: { readonly capacity: number }): PolicyTable {
  const find = db.prepare<[string], Row>('SELECT * FROM policies WHERE domain = ?')
  const put = db.prepare(`INSERT OR REPLACE INTO policies (domain, id, mode, mx, max_age, fetched_at, used_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`)
  const touch = db.prepare('UPDATE policies SET used_at = ? WHERE domain = ?')
  const stale = db.prepare<[number, number, number, number], Row>(
    `SELECT * FROM policies WHERE fetched_at < ? - min(${DAY_MS}, max_age * 500) AND fetched_at + max_age * 1000 > ?
      AND used_at > ? ORDER BY fetched_at LIMIT ?`,
  )
  const purge = db.prepare(`DELETE FROM policies WHERE domain IN
    (SELECT domain FROM policies WHERE fetched_at + max_age * 1000 <= ? LIMIT ${PURGED_AT_ONCE})`)
  const evict = db.prepare(
    'DELETE FROM policies WHERE domain IN (SELECT domain FROM policies ORDER BY used_at LIMIT ?)',
  )
  const count = db.prepare<[], number>('SELECT count(*) FROM policies').pluck()
  const stock = (): Stock => ({ policies: count.get() ?? 0 })
  return {
    find: (domain) => ({ policy: policyOf(find.get(domain)) }),
    put: ({ domain, id, mode, mx, maxAge, fetchedAt, usedAt }) => {
      put.run(domain, id, mode, JSON.stringify(mx), maxAge, fetchedAt, usedAt)
      const { policies } = stock()
      if (policies > capacity) evict.run(policies - capacity)
      return stock()
    },
    touch: (domain, at) => {
      touch.run(at, domain)
      return stock()
    },
    stale: ({ now, usedAfter, limit }) => ({
      policies: stale.all(now, now, usedAfter, limit).flatMap((row) => policyOf(row) ?? []),
    }),
    purge: (now) => {
      purge.run(now)
      return stock()
    },
  }
}

function policyOf(row: Row | undefined): StoredPolicy | null {
  if (!row) return null
  const { domain, id, mode, mx, max_age: maxAge, fetched_at: fetchedAt, used_at: usedAt } = row
  return { domain, id, mode, mx: JSON.parse(mx) as string[], maxAge, fetchedAt, usedAt }
}
