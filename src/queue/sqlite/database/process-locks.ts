// Locks between processes: the owner of a queue, transfers out of it, and a backup folder. A lock is an exclusive SQLite transaction on a
// file of its name: the kernel drops it when its process ends, whatever ends it.

import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { makeDirectory } from '../../../lib/make-directory.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'
import { explainErrors } from './file-errors.ts'

export const OWNER_FILE = 'owner.lock'
export const BACKUP_FILE = 'backup.lock'
const TRANSFER_FILE = 'transfer.lock'

/** Locks a queue directory for its owner until the returned database is closed. Throws QueueUnavailable `owned`. */
export function lockAsOwner(directory: string): Database {
  return lock(directory, OWNER_FILE, `${directory} is in use by a running node; stop the node first`)
}

/**
 * Locks a queue for transfers to another queue until the returned database is closed: a second command would offer messages that the first
 * one is about to release. Throws QueueUnavailable `owned`.
 */
export function lockTransfers(directory: string): Database {
  return lock(directory, TRANSFER_FILE, `another drain or adopt works on ${directory}; wait until it ends`)
}

/** Locks a folder for one backup: a second one would delete the files of the first. Throws QueueUnavailable `owned`. */
export function lockBackup(folder: string): Database {
  return lock(folder, BACKUP_FILE, `another backup writes to ${folder}; wait until it ends`)
}

function lock(directory: string, name: string, refusal: string): Database {
  const file = join(directory, name)
  return explainErrors(file, () => {
    makeDirectory(directory)
    refuseLink(file)
    const db = new SqliteDatabase(file, { timeout: 0 })
    try {
      db.pragma('journal_mode = MEMORY')
      db.exec('BEGIN EXCLUSIVE')
      return db
    } catch (error) {
      db.close()
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error
      throw new QueueUnavailable('owned', refusal)
    }
  })
}

/** SQLite follows links, and a lock in another place locks nothing. */
function refuseLink(file: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found && !found.isFile())
    throw new QueueUnavailable('failing', `${file} is not a file but a link, a pipe or a directory; remove it`)
}
