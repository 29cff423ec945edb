// Opens the SQLite file of a queue with the settings that durability needs; no other file sets pragmas. better-sqlite3 opens an existing WAL
// database with synchronous=NORMAL, so every open sets FULL.

import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { makeDirectory } from '../../../lib/make-directory.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'
import { explainErrors, fileExists, requireFile } from './file-errors.ts'
import { migrate, requireCurrent, requireKnown } from './migrations.ts'
import { requireNothingLeft } from './missing-database.ts'

export const DATABASE_FILE = 'queue.db'
/** How long a step waits for a step of another process, ms. */
export const BUSY_TIMEOUT_MS = 5_000
/** Page cache, KiB: holds the ends of all trees where rows are added and removed, with a thousand messages as with a million. */
const CACHE_KIB = 8_192
/**
 * The owner checkpoints when idle; this bound, in pages (32 MiB), is for an owner that never is. Acceptance waits for a checkpoint: with
 * bodies of 100 KiB half a second at 256 MiB, less than a tenth at 32 MiB.
 */
const AUTOCHECKPOINT_PAGES = 8_192
/** Databases up to this many pages (256 MiB) are checked completely at every start: under a second. */
const QUICK_CHECK_PAGES = 65_536

/** Opens the connection of the owner: creates, migrates and checks the database. Throws QueueUnavailable. */
export function openOwned(directory: string): Database {
  makeDirectory(directory)
  requireNothingLeft(directory, DATABASE_FILE)
  return openWith(directory, { timeout: BUSY_TIMEOUT_MS }, (db) => {
    configure(db)
    migrate(db)
    checkIntegrity(db)
  })
}

/** Opens an existing database for a second process that writes; never creates or migrates it. Throws QueueUnavailable. */
export function openShared(directory: string): Database {
  return openWith(directory, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS }, (db) => {
    configure(db)
    requireCurrent(db)
  })
}

/** Opens an existing database read-only; never creates, migrates or repairs it. Throws QueueUnavailable. */
export function openReadOnly(directory: string): Database {
  return openWith(directory, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS }, requireCurrent)
}

/** Opens a database of this or an older release read-only, for what every format has. Throws QueueUnavailable. */
export function openKnown(directory: string): Database {
  return openWith(directory, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS }, requireKnown)
}

/** True if the directory holds a queue. Throws QueueUnavailable if the file system denies access. */
export function hasQueue(directory: string): boolean {
  return fileExists(join(directory, DATABASE_FILE))
}

/** Throws QueueUnavailable if the directory holds no queue. */
export function requireQueue(directory: string): void {
  if (!hasQueue(directory))
    throw new QueueUnavailable('failing', `no queue in ${directory}: ${DATABASE_FILE} does not exist`)
}

function configure(db: Database): void {
  db.pragma('page_size = 4096')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
  db.pragma('temp_store = MEMORY')
  db.pragma('trusted_schema = OFF')
  // Zeros in place of what is deleted where that writes no more pages; store/operations/overwrite-unused.ts does the rest.
  db.pragma('secure_delete = FAST')
}

/** quick_check reads every page, which takes too long at the start of a large queue. */
function checkIntegrity(db: Database): void {
  const pages = db.pragma('page_count', { simple: true }) as number
  if (pages > QUICK_CHECK_PAGES) return
  const found = db.pragma('quick_check(5)', { simple: true }) as string
  if (found !== 'ok') throw Object.assign(new Error(found), { code: 'SQLITE_CORRUPT' })
}

function openWith(directory: string, options: SqliteDatabase.Options, prepare: (db: Database) => void): Database {
  const file = join(directory, DATABASE_FILE)
  if (options.fileMustExist) requireQueue(directory)
  return explainErrors(file, () => {
    requireFile(file)
    const db = new SqliteDatabase(file, options)
    try {
      prepare(db)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}
