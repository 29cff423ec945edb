// Where a backup is built, and how it gets its name when it is complete. It is built beside its folder and renamed. Where the user of the node
// may not write beside the folder, because an administrator made the folder for it, it is built inside.

import { readdir, rename, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from '../../../lib/make-directory.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'
import { DirectorySync } from '../spool/directory-sync.ts'
import { CHECKSUMS } from './backup-folder.ts'

const INSIDE = '.incomplete'

/** Throws QueueUnavailable unless the folder is missing or empty; the rest of an interrupted backup does not count. */
export async function requireEmpty(target: string): Promise<void> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw cannotWrite(target, error.code === 'ENOTDIR' ? 'not a directory' : error.message)
  })
  if (entries.some((name) => name !== INSIDE))
    throw new QueueUnavailable('failing', `${target} is not empty; a backup needs a new or empty folder`)
}

/** Creates the folder in which the backup is built; it may hold the rest of an interrupted one. Throws QueueUnavailable. */
export function makeBuilding(target: string): string {
  const beside = join(dirname(target), `.${basename(target)}.incomplete`)
  const made = make(beside)
  if (made === null) return beside
  if (made.code !== 'EACCES' && made.code !== 'EROFS') throw cannotWrite(target, made.message)
  const inside = join(target, INSIDE)
  const problem = make(inside)
  if (problem !== null) throw cannotWrite(target, made.message)
  return inside
}

/** Gives a complete backup its name; the list of checksums comes last, because it makes a folder a backup. */
export async function finishFolder(building: string, target: string): Promise<void> {
  await requireEmpty(target)
  const sync = new DirectorySync()
  if (building === join(target, INSIDE)) {
    const names = (await readdir(building)).filter((name) => name !== CHECKSUMS)
    for (const name of [...names, CHECKSUMS]) await rename(join(building, name), join(target, name))
    await rmdir(building)
    await sync.sync(target)
  }
  // rename replaces an empty folder and fails on any other.
  else await rename(building, target)
  await sync.sync(dirname(target)).catch((error: NodeJS.ErrnoException) => {
    // A folder that this user may not read; its entry is not new.
    if (error.code !== 'EACCES') throw error
  })
}

/** The error of the file system, or null. */
function make(folder: string): NodeJS.ErrnoException | null {
  try {
    makeDirectory(folder)
    return null
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

function cannotWrite(target: string, cause: string): QueueUnavailable {
  return new QueueUnavailable('failing', `cannot write a backup to ${target}: ${cause}`)
}
