// A new folder that root makes for the owner of a data directory, who may not write beside it, such as a backup in /var/backups.

import { lchownSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { findOwner } from './directory-owner.ts'

/** Does nothing for other users than root, for an existing folder, and in a place where others could exchange the new folder. */
export function makeFolderForOwner(folder: string, data: string): void {
  if (process.getuid?.() !== 0) return
  const user = findOwner(data)
  const parent = findOwner(dirname(folder))
  // Below a folder of the user, the user makes its own entries.
  if (user.kind === 'unsafe' || user.owner.uid === 0 || parent.kind === 'unsafe' || parent.owner.uid !== 0) return
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch {
    // It exists, or it cannot be made: the command that uses it says so.
    return
  }
  const made = findOwner(folder)
  if (made.kind === 'found' && made.owner.uid === 0) lchownSync(folder, user.owner.uid, user.owner.gid)
}
