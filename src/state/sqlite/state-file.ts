// Opens a file of shared state in SQLite. Nothing in the node waits long for it; a damaged file is set aside and a new one begun.

import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import SqliteDatabase, { type Database } from 'better-sqlite3'

/** Milliseconds that the thread of the state waits for a command that holds the file. What else it has to do waits too. */
const NODE_BUSY_MS = 1000
/** Commands wait for the node. */
export const COMMAND_BUSY_MS = 5000
/** The log is copied into the table after so many pages (4 MiB). */
const AUTOCHECKPOINT_PAGES = 1024

const damaged = /^SQLITE_(?:CORRUPT|NOTADB)/

/** What a file holds. */
export interface StateFormat {
  /** A file of a newer version is not used. */
  readonly version: number
  /**
   * `off`: nothing waits for the disk, and a power failure may damage the file: for advice. `normal`: a power failure loses the last
   * writes only. `full`: what was written stays.
   */
  readonly sync: 'off' | 'normal' | 'full'
  readonly createTables: (db: Database) => unknown
}

export interface OpenedFile {
  readonly db: Database
  /** Where a damaged file was moved, with its fault; null if there was none. */
  readonly setAside: { readonly path: string; readonly cause: string } | null
}

/** Opens the file, and creates it if missing. Throws the error of SQLite or of the file system. */
export function openStateFile(path: string, format: StateFormat): OpenedFile {
  try {
    return { db: prepareFile(path, format), setAside: null }
  } catch (error) {
    if (!isDamage(error)) throw error
    const aside = `${path}.damaged`
    renameSync(path, aside)
    // Of the damaged file; with the new one they would damage it too.
    for (const part of ['-wal', '-shm']) rmSync(`${path}${part}`, { force: true })
    return { db: prepareFile(path, format), setAside: { path: aside, cause: (error as Error).message } }
  }
}

/** Writes the write-ahead log into the file and cuts it off, so that removed rows are in neither. False while a reader needs the log. */
export function cutLog(db: Database): boolean {
  const [wait] = db.pragma('busy_timeout') as [{ readonly timeout: number }]
  db.pragma('busy_timeout = 0')
  try {
    const [{ busy }] = db.pragma('wal_checkpoint(TRUNCATE)') as [{ readonly busy: number }]
    return busy === 0
  } finally {
    db.pragma(`busy_timeout = ${wait.timeout}`)
  }
}

/** A larger file would hold up the thread for more than half a second. */
const LARGEST_REBUILT = 64 * 1024 * 1024

/** Writes the whole file again: `secure_delete` leaves copies of rows that moved to another page. False if it is too large, or in use. */
export function rebuild(db: Database, largest: number = LARGEST_REBUILT): boolean {
  const pages = Number(db.pragma('page_count', { simple: true }))
  if (pages * Number(db.pragma('page_size', { simple: true })) > largest) return false
  db.exec('VACUUM')
  return true
}

export function isDamage(error: unknown): boolean {
  return damaged.test(String((error as { readonly code?: unknown }).code))
}

/** Opens the file for a command that writes, and creates it if missing. Throws as `openStateFile`, also for a damaged file. */
export function openStateForCommand(path: string, format: StateFormat): Database {
  return prepareFile(path, format, COMMAND_BUSY_MS)
}

function prepareFile(path: string, { version, sync, createTables }: StateFormat, timeout = NODE_BUSY_MS): Database {
  // SQLite would create it readable by others.
  closeSync(openSync(path, 'a', 0o600))
  const db = new SqliteDatabase(path, { timeout })
  try {
    db.pragma('journal_mode = WAL')
    db.pragma(`synchronous = ${sync}`)
    db.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
    db.pragma('trusted_schema = OFF')
    db.pragma('secure_delete = ON')
    const fault = db.pragma('quick_check(1)', { simple: true })
    if (fault !== 'ok') throw Object.assign(new Error(String(fault)), { code: 'SQLITE_CORRUPT' })
    const found = Number(db.pragma('user_version', { simple: true }))
    if (found > version) throw new Error(`${path} has format ${found} of a newer version`)
    createTables(db)
    db.pragma(`user_version = ${version}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
