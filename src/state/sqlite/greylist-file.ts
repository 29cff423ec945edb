// Opens the file of the greylist. It holds advice only, so that nothing waits for the disk: after a power failure the file may be damaged,
// and a damaged file is set aside and a new one begun. What it knew then waits once more.

import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { createTables, FORMAT } from './greylist-rows.ts'

/** The node never waits longer for a command that holds the file: the mail passes. Milliseconds. */
const NODE_BUSY_MS = 50
/** Commands wait for the node. */
export const COMMAND_BUSY_MS = 5000
/** The log is copied into the table after so many pages (4 MiB); nothing is synced. */
const AUTOCHECKPOINT_PAGES = 1024

const damaged = /^SQLITE_(?:CORRUPT|NOTADB)/

export interface OpenedFile {
  readonly db: Database
  /** Where a damaged file was moved, with its fault; null if there was none. */
  readonly setAside: { readonly path: string; readonly cause: string } | null
}

/** Opens the file, and creates it if missing. Throws the error of SQLite or of the file system. */
export function openGreylistFile(path: string): OpenedFile {
  try {
    return { db: prepareFile(path), setAside: null }
  } catch (error) {
    if (!isDamage(error)) throw error
    const aside = `${path}.damaged`
    renameSync(path, aside)
    // Of the damaged file; with the new one they would damage it too.
    for (const part of ['-wal', '-shm']) rmSync(`${path}${part}`, { force: true })
    return { db: prepareFile(path), setAside: { path: aside, cause: (error as Error).message } }
  }
}

export function isDamage(error: unknown): boolean {
  return damaged.test(String((error as { readonly code?: unknown }).code))
}

function prepareFile(path: string): Database {
  // SQLite would create it readable by others.
  closeSync(openSync(path, 'a', 0o600))
  const db = new SqliteDatabase(path, { timeout: NODE_BUSY_MS })
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = OFF')
    db.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
    db.pragma('trusted_schema = OFF')
    const fault = db.pragma('quick_check(1)', { simple: true })
    if (fault !== 'ok') throw Object.assign(new Error(String(fault)), { code: 'SQLITE_CORRUPT' })
    const format = Number(db.pragma('user_version', { simple: true }))
    if (format > FORMAT) throw new Error(`${path} has format ${format} of a newer version`)
    createTables(db)
    db.pragma(`user_version = ${FORMAT}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
