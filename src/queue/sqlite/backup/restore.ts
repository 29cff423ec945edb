// Restores a backup. The backup is compared with its checksums, copied beside the queue, and renamed into its place, so a crash leaves the old
// queue or the new one. The old queue is moved aside, never deleted.

import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { type Checksums, copyDurably, verifyFolder } from './backup-folder.ts'
import { hasQueue, openKnown, openReadOnly } from '../database/database.ts'
import { restoringFolder } from '../database/missing-database.ts'
import { OWNER_FILE, lockAsOwner } from '../database/process-locks.ts'
import { DirectorySync } from '../spool/directory-sync.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

export interface RestoreReport {
  readonly messages: number
  readonly spoolFiles: number
  /** Where the replaced queue is now, or null if there was none. */
  readonly movedAside: string | null
}

export interface RestoreRequest {
  readonly backup: string
  readonly directory: string
  /** Replaces a queue that holds mail; that queue is moved aside. */
  readonly force: boolean
  /** Unix ms, for the name of the replaced queue. */
  readonly now: number
}

/** Restores a backup; the next start recovers interrupted attempts. Rejects with QueueUnavailable, `owned` while the node runs. */
export async function restoreQueue(request: RestoreRequest): Promise<RestoreReport> {
  const { backup, directory } = request
  const checksums = await verifyFolder(backup)
  const before = await isInUse(directory)
  const lock = lockAsOwner(directory)
  let inPlace = false
  try {
    requireReplaceable(request)
    const building = restoringFolder(directory)
    await rm(building, { recursive: true, force: true })
    await copyAll(backup, building, checksums)
    // Before anything is replaced: this release must be able to open the backup.
    const counted = countIn(building)
    const aside = `${directory}.replaced-${new Date(request.now).toISOString().replaceAll(/[:.]/g, '-')}`
    await rename(directory, aside)
    await rename(building, directory)
    inPlace = true
    await new DirectorySync().sync(dirname(directory))
    if (!before) await rm(aside, { recursive: true })
    return { ...counted, movedAside: before ? aside : null }
  } catch (error) {
    // The lock created the directory.
    if (!before && !inPlace) await rm(directory, { recursive: true, force: true })
    throw error
  } finally {
    lock.close()
  }
}

function requireReplaceable({ directory, force }: RestoreRequest): void {
  if (force || !hasQueue(directory)) return
  let old: Database
  try {
    old = openReadOnly(directory)
  } catch {
    throw new QueueUnavailable('failing', `cannot read the queue in ${directory}; use --force to move it aside`)
  }
  const messages = old.prepare('SELECT count(*) FROM messages').pluck().get() as number
  old.close()
  if (messages > 0)
    throw new QueueUnavailable(
      'failing',
      `the queue in ${directory} holds ${messages} messages; use --force to move it aside`,
    )
}

async function copyAll(backup: string, building: string, checksums: Checksums): Promise<void> {
  await mkdir(join(building, 'spool'), { recursive: true, mode: 0o700 })
  for (const [file, checksum] of checksums)
    if ((await copyDurably(join(backup, file), join(building, file))) !== checksum)
      throw new QueueUnavailable('failing', `${join(backup, file)} changed while it was copied`)
}

function countIn(directory: string): { messages: number; spoolFiles: number } {
  const db = openKnown(directory)
  const count = (condition: string) =>
    db.prepare(`SELECT count(*) FROM messages WHERE ${condition}`).pluck().get() as number
  const counted = { messages: count('true'), spoolFiles: count('spool_file IS NOT NULL') }
  db.close()
  return counted
}

/** True if there is anything but a lock: bodies without a database are mail too. */
async function isInUse(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.some((name) => name !== OWNER_FILE)
}
