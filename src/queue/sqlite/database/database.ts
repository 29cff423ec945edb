// Room queue: opens the SQLite file the way durability needs it. The only place that sets pragmas.
// better-sqlite3 is compiled so that a re-opened WAL database would run at synchronous=NORMAL: FULL is set on every open.

import { chownSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { requireNothingLeft } from './missing-database.ts'
import { migrate, requireCurrent, requireKnown } from './migrations.ts'
import { asUnavailable, QueueUnavailable } from '../../contract/queue-unavailable.ts'

export const DATABASE_FILE = 'queue.db'
export const OWNER_FILE = 'owner.lock'
const TRANSFER_FILE = 'transfer.lock'
export const BACKUP_FILE = 'backup.lock'
/** How long to wait for another process (the command line) to finish its step, ms. */
const BUSY_TIMEOUT_MS = 5_000
/** Page cache, KiB: enough for the hot ends of all trees, which is as fast with a million mails as with a thousand; bounds the memory. */
const CACHE_KIB = 8_192
/**
 * The owner checkpoints when idle; this bound, in pages (here 32 MiB), matters where it never is. While bodies of 100 KiB pile up every
 * page of it is new, and acceptance waits for all of them: at 256 MiB for half a second, here for less than a tenth.
 */
const AUTOCHECKPOINT_PAGES = 8_192

/** Opens the owner's connection: creates, migrates, checks. Throws QueueUnavailable with the way out. */
export function openOwned(directory: string): Database {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  requireNothingLeft(directory, DATABASE_FILE)
  return openWith(directory, { timeout: BUSY_TIMEOUT_MS }, (db) => {
    setUp(db)
    migrate(db)
    checkIntegrity(db)
  })
}

/** Opens an existing database for a second process that writes: never creates or migrates. */
export function openShared(directory: string): Database {
  return openWith(directory, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS }, (db) => {
    setUp(db)
    requireCurrent(db)
  })
}

/** Opens an existing database read-only; never creates, migrates or repairs. */
export function openReadOnly(directory: string): Database {
  return openWith(directory, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS }, requireCurrent)
}

/** Opens a database of this or an older release read-only, for what is in every form. */
export function openKnown(directory: string): Database {
  return openWith(directory, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS }, requireKnown)
}

/** Throws where no node ever had a queue, before something makes an empty one. */
export function requireQueue(directory: string): void {
  const file = join(directory, DATABASE_FILE)
  if (!isThere(file)) throw new QueueUnavailable('failing', `there is no queue: no file ${file}`)
}

/** Takes the owner's lock of a queue directory for as long as the returned database stays open (or the process lives). */
export function lockAsOwner(directory: string): Database {
  return takeLock(directory, { name: OWNER_FILE, taken: `${directory} is in use by another running node` })
}

/**
 * Who hands mail over is alone: a second one would offer what the first one thaws, because it believes that nobody was asked. Held as
 * `takeOwnership` holds its lock, beside it.
 */
export function lockTransfers(directory: string): Database {
  return takeLock(directory, { name: TRANSFER_FILE, taken: `another drain or adopt is at work on ${directory}` })
}

/** Who writes a backup into a folder is alone: a second one would clear away what the first one has copied. Held in the same way. */
export function lockBackup(folder: string): Database {
  return takeLock(folder, { name: BACKUP_FILE, taken: `another backup is being written to ${folder}` })
}

function takeLock(directory: string, { name, taken }: { readonly name: string; readonly taken: string }): Database {
  const file = join(directory, name)
  return explained(file, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const lock = new SqliteDatabase(file, { timeout: 0 })
    try {
      lock.pragma('journal_mode = MEMORY')
      lock.exec('BEGIN EXCLUSIVE')
      giveToOwner(file, directory)
      return lock
    } catch (error) {
      lock.close()
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error
      throw new QueueUnavailable('owned', taken)
    }
  })
}

/** A lock that root makes must not lock the node out that works as another user. */
function giveToOwner(file: string, directory: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(directory)
  chownSync(file, uid, gid)
}

/** True if a running node owns the queue directory. Throws QueueUnavailable where nobody lets us look. */
export function isOwned(directory: string): boolean {
  if (!isThere(join(directory, OWNER_FILE))) return false
  try {
    lockAsOwner(directory).close()
    return false
  } catch (error) {
    return error instanceof QueueUnavailable && error.cause === 'owned'
  }
}

function setUp(db: Database): void {
  db.pragma('page_size = 4096')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
  db.pragma('temp_store = MEMORY')
  db.pragma('trusted_schema = OFF')
}

/** quick_check reads every page; on a big queue that is too long for a start, so only the structure of what is hot is read. */
function checkIntegrity(db: Database): void {
  const pages = db.pragma('page_count', { simple: true }) as number
  if (pages > QUICK_CHECK_PAGES) return
  const found = db.pragma('quick_check(5)', { simple: true }) as string
  if (found !== 'ok') throw Object.assign(new Error(found), { code: 'SQLITE_CORRUPT' })
}

/** Databases up to this many pages (256 MiB) are checked whole at every start: under a second. */
const QUICK_CHECK_PAGES = 65_536

function openWith(directory: string, options: SqliteDatabase.Options, prepare: (db: Database) => void): Database {
  const file = join(directory, DATABASE_FILE)
  if (options.fileMustExist) requireQueue(directory)
  return explained(file, () => {
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

/** Not to be let in is another thing than absence: a queue that is only ours to read for others is not gone. */
function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw new QueueUnavailable('failing', `${file} cannot be looked at: ${(error as Error).message}`)
  }
}

function explained<T>(file: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const unavailable = asUnavailable(error)
    if (!unavailable || unavailable === error) throw error
    if (unavailable.cause === 'full')
      throw new QueueUnavailable('full', `${file} cannot be used, its disk is full: ${unavailable.message}`)
    if (unavailable.cause !== 'corrupt')
      throw new QueueUnavailable(unavailable.cause, `${file} cannot be used: ${unavailable.message}`)
    throw new QueueUnavailable(
      'corrupt',
      `${file} is damaged (${unavailable.message}). Nothing was changed. Ways out: restore a backup with ` +
        '`waypost queue restore`, or save what is readable with `sqlite3 queue.db .recover` into a new file; keep the old file',
    )
  }
}
