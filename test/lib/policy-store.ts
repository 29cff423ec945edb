// A store of MTA-STS policies over a database in memory or in a file, without the thread that a node has for it.

import SqliteDatabase, { type Database } from 'better-sqlite3'
import { policyFormat, policyTable } from '../../src/state/sqlite/policy-table.ts'
import type { PolicyStore } from '../../src/state/sts-contract.ts'

export interface TestStore extends PolicyStore {
  readonly db: Database
  /** As if the file could not be used. */
  broken: boolean
}

export function openTestStore(capacity = 100, path = ':memory:'): TestStore {
  const db = new SqliteDatabase(path)
  policyFormat.createTables(db)
  const table = policyTable(db, { capacity })
  const use = async <T>(work: () => T): Promise<T | null> => (store.broken ? null : work())
  const store: TestStore = {
    db,
    broken: false,
    find: (domain) => use(() => table.find(domain)),
    put: (policy) => use(() => table.put(policy)),
    touch: (domain, at) => use(() => table.touch(domain, at)),
    stale: (request) => use(() => table.stale(request)),
    purge: (now) => use(() => table.purge(now)),
  }
  return store
}
