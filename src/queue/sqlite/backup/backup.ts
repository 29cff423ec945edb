// A backup of the queue of a running or stopped node. The database is copied as of one moment, then the spool files that its rows name. A file
// that is missing by then belongs to a message that ended in between; that message is removed from the copy. A backup is for the loss of a
// disk: what was delivered after it was taken is delivered again after a restore.

import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { checksumOf, copyDurably, makeDurable, verifyFolder, writeChecksums } from './backup-folder.ts'
import { finishFolder, makeBuilding, requireEmpty } from './backup-target.ts'
import { DATABASE_FILE, openReadOnly } from '../database/database.ts'
import { BACKUP_FILE, lockBackup } from '../database/process-locks.ts'
import { firstRecipientId, lastRecipientId } from '../store/recipient-id.ts'
import { type SpoolRow, selectSpoolFiles } from '../store/statements/message-rows.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

export interface BackupReport {
  readonly messages: number
  readonly spoolFiles: number
  /** Messages that ended during the backup; they are not in it. */
  readonly ended: number
  /** Messages whose spool file was missing before; a restore holds them. */
  readonly lost: readonly string[]
}

/** Copies the queue of `directory` into `target`, a new or empty directory, and verifies the copy. Rejects with QueueUnavailable. */
export async function backupQueue(directory: string, target: string): Promise<BackupReport> {
  await requireEmpty(target)
  const source = openReadOnly(directory)
  try {
    const building = makeBuilding(target)
    const lock = lockBackup(building)
    try {
      await clearRest(building)
      const report = await copyQueue(source, { directory, building })
      await verifyFolder(building)
      await rm(join(building, BACKUP_FILE))
      await finishFolder(building, target)
      return report
    } finally {
      lock.close()
    }
  } finally {
    source.close()
  }
}

/** Removes the rest of an interrupted backup. */
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
  // The folder has mode 0700, but the file may be copied elsewhere.
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

/** Removes a message that ended during the backup from the copy, and adds its last ledger events. */
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
