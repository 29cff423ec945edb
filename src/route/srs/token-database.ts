// Senders that are too long for SRS, in a SQLite file of the data directory. A full table gives up the tokens that were used longest ago:
// almost all bounces come within hours of a delivery. Statements run on the main thread and take microseconds; the sync of the disk, which
// takes milliseconds, is asynchronous and shared by the tokens of the same time.

import { closeSync, existsSync, openSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import type { TokenStore } from './srs-token.ts'
import { readTokenFile, type StoredToken } from './token-file.ts'
import { syncDirectory } from '../../lib/sync-directory.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** The use of a known token is written once in this time. */
const RENEW_MS = HOUR_MS
/** Tokens used within this time are never given up: their mail is probably on its way. With only such tokens the table is full. */
const KEPT_MS = 6 * HOUR_MS
/** Tokens that are given up at once when the table is full. */
const EVICTED_AT_ONCE = 64
/** Expired tokens that each new one removes, so that a table shrinks again after an attack. */
const EXPIRED_AT_ONCE = 2
/** Expired tokens that one call of `purge` removes: a millisecond. */
const PURGED_AT_ONCE = 500
/** The log is copied into the table after so many pages (1 MiB): the copy, with its sync, takes some milliseconds of the main thread. */
const AUTOCHECKPOINT_PAGES = 256
const BUSY_TIMEOUT_MS = 1000

export interface TokenDatabase extends TokenStore {
  /** Tokens in the table. */
  readonly size: number
  /** Removes some expired tokens at `at`, unix milliseconds, from the table and from the log of SQLite. Throws the errors of SQLite. */
  purge(at: number): void
  close(): Promise<void>
}

export interface TokenSettings {
  readonly path: string
  /** The file of earlier versions; it is imported and removed. */
  readonly earlierPath: string
  readonly maxAgeDays: number
  /** Tokens of the table. */
  readonly capacity: number
}

/** Opens the table, creates it if missing, and removes expired tokens at `at`, unix milliseconds. Rejects with the error of SQLite or the disk. */
export async function openTokenDatabase(settings: TokenSettings, at: number): Promise<TokenDatabase> {
  const { path, earlierPath } = settings
  const imported = await readTokenFile(earlierPath)
  // SQLite would create it readable by others.
  closeSync(openSync(path, 'a', 0o600))
  const db = prepare(path, { imported, expiry: expiryOf(at, settings.maxAgeDays) })
  let log: FileHandle | null = null
  try {
    log = await open(`${path}-wal`, 'r+')
    await log.datasync()
    await syncDirectory(dirname(path))
    await rm(earlierPath, { force: true })
    return databaseOf(db, log, settings)
  } catch (error) {
    await log?.close()
    db.close()
    throw error
  }
}

/** A read-only store with the same answers, for commands. Without a file it is empty. */
export function readTokenDatabase(path: string): TokenStore {
  const read = (token: string): string | null => {
    if (!existsSync(path)) return null
    const db = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    try {
      return db.prepare<[string], string>('SELECT sender FROM tokens WHERE token = ?').pluck().get(token) ?? null
    } finally {
      db.close()
    }
  }
  return { keep: () => Promise.resolve(true), find: async (token) => read(token) }
}

function prepare(
  path: string,
  { imported, expiry }: { readonly imported: readonly StoredToken[]; readonly expiry: number },
): Database {
  const db = new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    db.pragma('journal_mode = WAL')
    // A commit does not wait for the disk; `keep` syncs the log itself. Checkpoints sync.
    db.pragma('synchronous = NORMAL')
    db.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
    db.pragma('trusted_schema = OFF')
    db.pragma('secure_delete = ON')
    db.exec(`CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, sender TEXT NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS tokens_by_use ON tokens (used_at)`)
    const insert = db.prepare('INSERT OR IGNORE INTO tokens (token, sender, used_at) VALUES (?, ?, ?)')
    db.transaction(() => {
      for (const one of imported) insert.run(one.token, one.sender, one.at)
      db.prepare('DELETE FROM tokens WHERE used_at < ?').run(expiry)
    })()
    // Writes in any case, so that the log exists.
    db.pragma('user_version = 1')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function databaseOf(db: Database, log: FileHandle, { maxAgeDays, capacity }: TokenSettings): TokenDatabase {
  const senderOf = db.prepare<[string], string>('SELECT sender FROM tokens WHERE token = ?').pluck()
  const useOf = db.prepare<[string], number>('SELECT used_at FROM tokens WHERE token = ?').pluck()
  const renew = db.prepare('UPDATE tokens SET used_at = ? WHERE token = ?')
  const insert = db.prepare('INSERT INTO tokens (token, sender, used_at) VALUES (?, ?, ?)')
  const removeOldest = db.prepare(`DELETE FROM tokens WHERE token IN
    (SELECT token FROM tokens WHERE used_at < ? ORDER BY used_at LIMIT ?)`)
  const synced = sharedSync(log)
  let size = db.prepare<[], number>('SELECT count(*) FROM tokens').pluck().get() ?? 0
  /** The new size; unchanged after an error, which undoes all. */
  const add = db.transaction((token: string, sender: string, at: number): number => {
    let left = size - removeOldest.run(expiryOf(at, maxAgeDays), EXPIRED_AT_ONCE).changes
    if (left >= capacity) left -= removeOldest.run(at - KEPT_MS, EVICTED_AT_ONCE).changes
    return left >= capacity ? left : left + insert.run(token, sender, at).changes
  })
  return {
    get size() {
      return size
    },
    async keep(token, sender, at) {
      const usedAt = useOf.get(token)
      if (usedAt === undefined) {
        size = add(token, sender, at)
        if (useOf.get(token) === undefined) return false
      } else if (at - usedAt >= RENEW_MS) renew.run(at, token)
      // Also for a known token: it may have been written by a message whose sync is in progress.
      await synced()
      return true
    },
    find: (token) => Promise.resolve(senderOf.get(token) ?? null),
    purge: (at) => {
      const { changes } = removeOldest.run(expiryOf(at, maxAgeDays), PURGED_AT_ONCE)
      size -= changes
      if (changes === 0) return
      // Removed senders must not stay in the log. A reader of another process delays it until the next time.
      db.pragma('busy_timeout = 0')
      try {
        db.pragma('wal_checkpoint(TRUNCATE)')
      } finally {
        db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
      }
    },
    close: async () => {
      await log.close()
      db.close()
    },
  }
}

/** Resolves when all that was written before the call is on disk. One sync serves all callers that wait for it. */
function sharedSync(log: FileHandle): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const start = (): Promise<void> => {
    running = log.datasync().finally(() => {
      running = null
    })
    return running
  }
  return () => {
    if (!running) return start()
    // The running one may have started before the write of this caller.
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null
        return start()
      })
    return next
  }
}

/** An address is valid for some days, and clocks of nodes differ by one. */
function expiryOf(at: number, maxAgeDays: number): number {
  return at - (maxAgeDays + 1) * DAY_MS
}
