// Room queue: a copy of the queue taken while the node works, and putting it back. The database is copied by SQLite's online backup, the
// spool files afterwards: each is written once and named by a row before it can be read, so a file that is gone meanwhile belongs to a
// mail that was delivered meanwhile. Restoring it would deliver such mail again: a backup is for the loss of a disk, not for every day.

import { access, copyFile, mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DATABASE_FILE, openReadOnly, takeOwnership } from './database.ts'
import { DirectorySync } from './directory-sync.ts'
import { selectSpoolFiles } from './statements/spool-files.ts'
import { QueueUnavailable } from './unavailable.ts'

export interface BackupReport {
  readonly messages: number
  readonly spoolFiles: number
  /** Mails whose spool file was gone when it was to be copied (delivered meanwhile); they are held if the backup is restored. */
  readonly gone: readonly string[]
}

/** Copies the queue of `directory` into `target`, a new or empty directory. Rejects with QueueUnavailable. */
export async function backupQueue(directory: string, target: string): Promise<BackupReport> {
  await requireEmpty(target)
  await mkdir(join(target, 'spool'), { recursive: true, mode: 0o700 })
  const source = openReadOnly(directory)
  try {
    await source.backup(join(target, DATABASE_FILE))
  } finally {
    source.close()
  }
  const copy = openReadOnly(target)
  try {
    const gone: string[] = []
    const files = selectSpoolFiles(copy)
    for (const { file, queueId } of files)
      if (!(await copySpoolFile(join(directory, 'spool', file), join(target, 'spool', file)))) gone.push(queueId)
    const messages = copy.prepare('SELECT count(*) FROM messages').pluck().get() as number
    return { messages, spoolFiles: files.length - gone.length, gone }
  } finally {
    copy.close()
  }
}

/** Puts a backup into a queue directory that has no queue and no running node. The next start recovers what was under way. */
export async function restoreQueue(backup: string, directory: string): Promise<BackupReport> {
  if (await exists(join(directory, DATABASE_FILE)))
    throw new QueueUnavailable('owned', `${directory} already has a queue: move it away first, nothing is overwritten`)
  takeOwnership(directory).close()
  return copyBack(backup, directory)
}

/** Files first: the database is the commit point here, too. */
async function copyBack(backup: string, directory: string): Promise<BackupReport> {
  const source = openReadOnly(backup)
  try {
    const files = selectSpoolFiles(source)
    const gone: string[] = []
    for (const { file, queueId } of files)
      if (!(await copySpoolFile(join(backup, 'spool', file), join(directory, 'spool', file)))) gone.push(queueId)
    const messages = source.prepare('SELECT count(*) FROM messages').pluck().get() as number
    await source.backup(join(directory, DATABASE_FILE))
    return { messages, spoolFiles: files.length - gone.length, gone }
  } finally {
    source.close()
  }
}

async function copySpoolFile(from: string, to: string): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  try {
    await copyFile(from, to)
    await makeDurable(to)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return false
    throw error
  }
}

async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await new DirectorySync().sync(dirname(file))
}

async function requireEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory).catch(() => [])
  if (entries.length > 0)
    throw new QueueUnavailable('failing', `${directory} is not empty: a backup needs a place of its own`)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
