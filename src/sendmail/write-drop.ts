// Writes a message into the drop directory, where the node takes it. The file belongs to the caller, and the directory gives it the group of
// the node (setgid), so that the node can read it and other users cannot.

import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../lib/random.ts'
import { EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL } from './exit-codes.ts'

export type DropWritten =
  | { readonly kind: 'written'; readonly name: string }
  | { readonly kind: 'failed'; readonly code: number; readonly cause: string }

/** Names of whole files and of unfinished ones. */
export const WHOLE = 'mail-'
export const UNFINISHED = 'part-'
/** Space that stays free for the rest of the system, octets. */
const RESERVE = 16 * 1024 * 1024
/** 128 bits: the directory cannot be listed, and a name cannot be guessed. */
const NAME_OCTETS = 16

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants

/** Resolves the write before it returns: the file and its name are on the disk. */
export function writeDrop(directory: string, content: Buffer, random: Random): DropWritten {
  const unique = random(NAME_OCTETS).toString('hex')
  const part = join(directory, UNFINISHED + unique)
  let file: number
  try {
    const { bavail, bsize } = statfsSync(directory)
    if (bavail * bsize < content.length + RESERVE)
      return { kind: 'failed', code: EX_TEMPFAIL, cause: `no space in ${directory}` }
    file = openSync(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  } catch (error) {
    return { kind: 'failed', code: EX_CANTCREAT, cause: (error as Error).message }
  }
  try {
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at)
    fsyncSync(file)
    fchmodSync(file, 0o640)
    renameSync(part, join(directory, WHOLE + unique))
    // The caller cannot open the directory. The rename changed the file's inode, so this writes the name as well (decision 0046).
    fsyncSync(file)
    return { kind: 'written', name: WHOLE + unique }
  } catch (error) {
    removeQuietly(part)
    return { kind: 'failed', code: EX_IOERR, cause: (error as Error).message }
  } finally {
    closeSync(file)
  }
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // The node removes unfinished files after a day.
  }
}
