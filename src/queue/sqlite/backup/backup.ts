// Room queue: a copy of the queue taken while the node works. The database is copied as of one moment (a snapshot that no writer disturbs
// and that disturbs none), then the spool files its rows name. A file that is gone by then belongs to a mail that ended meanwhile: it is
// taken out of the copy. A backup is for the loss of a disk: what was delivered after it was taken would be delivered again.

import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { checksumOf, copyDurably, makeDurable, verifyFolder, writeChecksums } from './backup-folder.ts'
import { DATABASE_FILE, openReadOnly } from '../database/database.ts'
import { BACKUP_FILE, lockBackup } from '../database/process-locks.ts'
import { DirectorySync } from '../spool/directory-sync.ts'
import { firstRecipientId, lastRecipientId } from '../store/recipient-id.ts'
import { type SpoolRow, selectSpoolFiles } from '../store/statements/message-rows.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

export interface BackupReport {
  readonly messages: number
  readonly spoolFiles: number
  /** Mails that ended while the copy was taken; they are not in it. */
  readonly ended: number
  /** Mails whose spool file the disk had lost before; they are held if the backup is restored. */
  readonly lost: readonly string[]
}

/** Copies the queue of `directory` into `target`, a new or empty directory, and checks the copy. Rejects with QueueUnavailable. */
export async function backupQueue(directory: string, target: string): Promise<BackupReport> {
  await requireEmpty(target)
  const building = join(dirname(target), `.${basename(target)}.incomplete`)
  const source = openReadOnly(directory)
  try {
    await mkdir(building, { recursive: true, mode: 0o700 })
    const lock = lockBackup(building)
    try {
      await clearRest(building)
      const report = await copyQueue(source, { directory, building })
      await verifyFolder(building)
      await rm(join(building, BACKUP_FILE))
      await requireEmpty(target)
      // An empty folder gives way to it, any other one does not.
      await rename(building, target)
      await new DirectorySync().sync(dirname(target))
      return report
    } finally {
      lock.close()
    }
  } finally {
    source.close()
  }
}

/** Removes what a backup left that was cut off. */
async function clearRest(building: string): Promise<void> {
  for (const name of await readdir(building))
    if (name !== BACKUP_FILE) await rm(join(building, name), { recursive: true, force: true })
  await mkdir(join(building, 'spool'), { mode: 0o700 })
}

async function copyQueue(
  source: Database,
  { directory, building }: { readonly directory: string; readonly building: string },
): Promise<BackupReport> {
  const file = join(building, DATABASE_FILE)
  source.prepare('VACUUM INTO ?').run(file)
  // The folder is closed to others, but what is in it may be carried elsewhere.
  await chmod(file, 0o600)
  const copy = new SqliteDatabase(file)
  try {
    const checksums = new Map<string, string>()
    const missing: SpoolRow[] = []
    for (const row of selectSpoolFiles(copy)) {
      const path = join('spool', row.file)
      const checksum = await copyDurably(join(directory, path), join(building, path))
      if (checksum === null) missing.push(row)
      else checksums.set(path, checksum)
    }
    const lost = missing.filter((row) => isQueued(source, row.queueId))
    for (const row of missing) if (!lost.includes(row)) removeEnded(copy, source, row)
    const messages = copy.prepare('SELECT count(*) FROM messages').pluck().get() as number
    checkCopy(copy, file)
    copy.close()
    await makeDurable(file)
    await writeChecksums(building, new Map([[DATABASE_FILE, await checksumOf(file)], ...checksums]))
    const ended = missing.length - lost.length
    return { messages, spoolFiles: checksums.size, ended, lost: lost.map(({ queueId }) => queueId) }
  } finally {
    copy.close()
  }
}

function isQueued(db: Database, queueId: string): boolean {
  return db.prepare('SELECT 1 FROM messages WHERE queue_id = ?').get(queueId) !== undefined
}

/** Takes a mail that ended meanwhile out of the copy and adds what the ledger says of its end. */
function removeEnded(copy: Database, source: Database, { message, queueId }: SpoolRow): void {
  copy
    .prepare('DELETE FROM recipients WHERE id BETWEEN ? AND ?')
    .run(firstRecipientId(message), lastRecipientId(message))
  copy.prepare('DELETE FROM messages WHERE id = ?').run(message)
  const last = copy.prepare('SELECT max(id) FROM ledger').pluck().get() as number | null
  const ends = source
    .prepare('SELECT at, queue_id, events FROM ledger WHERE id > ? AND queue_id = ?')
    .raw()
    .all(last ?? 0, queueId) as [number, string, string][]
  const insert = copy.prepare('INSERT INTO ledger (at, queue_id, events) VALUES (?, ?, ?)')
  for (const row of ends) insert.run(row)
}

function checkCopy(copy: Database, file: string): void {
  const found = copy.pragma('integrity_check(5)', { simple: true })
  if (found !== 'ok') throw new QueueUnavailable('corrupt', `the copy ${file} is damaged: ${String(found)}`)
}

async function requireEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return []
    throw new QueueUnavailable('failing', `${directory} cannot hold a backup: it is no directory`)
  })
  if (entries.length > 0)
    throw new QueueUnavailable('failing', `${directory} is not empty: a backup needs a place of its own`)
}
