// The drop directory as the node reads it. Every user of the host can write into it, so nothing in it is believed but what the kernel says:
// the owner of a file, and that it was created there.

import { chmodSync, constants, lstatSync, mkdirSync, statSync, unlinkSync } from 'node:fs'
import { open, opendir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MAX_ENVELOPE } from './drop-file.ts'
import { UNFINISHED, WHOLE } from './write-drop.ts'

/** A file that a user has written. */
export interface Candidate {
  readonly name: string
  readonly uid: number
  /** Unix milliseconds. */
  readonly writtenAt: number
}

export type Taken =
  | { readonly kind: 'file'; readonly uid: number; readonly octets: Buffer }
  /** It was not written by this program; the reason. */
  | { readonly kind: 'strange'; readonly why: string }
  | { readonly kind: 'gone' }

/** Sticky, so that users cannot remove or rename files of others; setgid, so that files have the group of the node; no right to list. */
const MODE = 0o3733
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
/** Files of one user in one scan; the others wait for the next one. The memory of a scan depends on the number of users only. */
const MAX_OF_USER = 1000
/** Age of an unfinished file whose writer is dead: no command writes for a day. */
const STALE_MS = 86_400_000

/** Creates the directory if it is missing. Null if it can be used safely, else what is wrong and what to do. */
export function prepareDirectory(directory: string): string | null {
  try {
    mkdirSync(directory)
    chmodSync(directory, MODE)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') return `${message}; create it: ${remedyFor(directory)}`
  }
  return directoryProblem(directory)
}

/** The same without creating it. */
export function directoryProblem(directory: string): string | null {
  const remedy = remedyFor(directory)
  const found = lstatSync(directory, { throwIfNoEntry: false })
  if (!found?.isDirectory()) return `${directory} is not a directory; create it: ${remedy}`
  const uid = process.geteuid?.()
  if (uid !== 0 && found.uid !== uid)
    return `${directory} belongs to user ${found.uid}, not to the node; repair it: ${remedy}`
  const mode = found.mode & 0o7777
  if (mode !== MODE)
    return `${directory} has mode ${mode.toString(8)}, expected ${MODE.toString(8)}; repair it: ${remedy}`
  return null
}

function remedyFor(directory: string): string {
  return `install -d -o USER -g GROUP -m 3733 ${directory}, with the user and group of the node`
}

/** Whole files in the directory; removes unfinished ones that are a day old. `now`: unix milliseconds. */
export async function scanDirectory(directory: string, now: number): Promise<readonly Candidate[]> {
  const found: Candidate[] = []
  const ofUser = new Map<number, number>()
  for await (const { name } of await opendir(directory)) {
    const stats = lstatSync(join(directory, name), { throwIfNoEntry: false })
    if (!stats) continue
    const { uid } = stats
    const count = (ofUser.get(uid) ?? 0) + 1
    if (!name.startsWith(UNFINISHED)) {
      ofUser.set(uid, count)
      if (count <= MAX_OF_USER) found.push({ name, uid, writtenAt: stats.mtimeMs })
    } else if (now - stats.mtimeMs > STALE_MS && !stats.isDirectory()) unlinkSync(join(directory, name))
  }
  return found
}

/** Oldest first for each user, and the users in turn, so that none waits for the thousands of another. */
export function inTurn(candidates: readonly Candidate[]): readonly Candidate[] {
  const byUser = Map.groupBy(
    candidates.toSorted((one, other) => one.writtenAt - other.writtenAt),
    ({ uid }) => uid,
  )
  const ranked = [...byUser.values()].flatMap((files) => files.map((file, turn) => ({ file, turn })))
  return ranked.toSorted((one, other) => one.turn - other.turn).map(({ file }) => file)
}

/**
 * Opens a file and reads it whole. A link, a device, a file that was made elsewhere and a file with a second name are strange.
 * @param mostOctets of the message
 */
export async function takeFile(directory: string, name: string, mostOctets: number): Promise<Taken> {
  if (!name.startsWith(WHOLE)) return strange('it has no name that sendmail gives')
  // The kernel refuses a link; without O_NONBLOCK a pipe would stop the node.
  const file = await open(join(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => error,
  )
  if (file instanceof Error) return file.code === 'ENOENT' ? { kind: 'gone' } : strange(file.message)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return strange('it is no regular file')
    // A hard link to a file of another user would be a message of that user.
    if (stats.nlink !== 1) return strange(`it has ${stats.nlink} names`)
    // What is created in the directory has its group; what was linked or moved into it keeps another one.
    if (stats.gid !== statSync(directory).gid) return strange(`it has the group ${stats.gid}, so it was made elsewhere`)
    if (stats.size > mostOctets + MAX_ENVELOPE) return strange(`it has ${stats.size} octets`)
    return { kind: 'file', uid: stats.uid, octets: await readWhole(file, stats.size) }
  } finally {
    await file.close()
  }
}

/** Reads up to `size` octets: the owner can still write to the file. */
async function readWhole(file: Awaited<ReturnType<typeof open>>, size: number): Promise<Buffer> {
  const octets = Buffer.alloc(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await file.read(octets, filled, size - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return octets.subarray(0, filled)
}

/** Moves a file out of the way, beside the directory, where only the node and root can read it. Rejects if that fails. */
export async function setAside(directory: string, name: string): Promise<string> {
  const folder = join(dirname(directory), 'refused')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const target = join(folder, name)
  await rename(join(directory, name), target)
  return target
}

/** Removes a file whose message is in the queue, and makes that permanent. */
export async function removeFile(directory: string, name: string): Promise<void> {
  unlinkSync(join(directory, name))
  const folder = await open(directory, O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function strange(why: string): Taken {
  return { kind: 'strange', why }
}
