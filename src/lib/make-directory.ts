// Creates a directory with its parents. The recursive form of Node's mkdir never ends where the file system refuses an entry with ENOENT, as
// /proc does.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Only the owner enters it: the directories of a node hold mail and secrets. */
const MODE = 0o700

/** Does nothing if the directory exists. Throws the error of the file system. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: MODE })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    // ENOENT although the parent exists: the file system creates no entries here.
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error
    makeDirectory(dirname(path))
    makeDirectory(path)
  }
}
