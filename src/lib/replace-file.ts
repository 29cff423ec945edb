// Replaces a file atomically: readers see the old text or the new one, also after a power cut. Owner and mode are kept; a new
// file is as readable as its directory.

import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createLikeDirectory } from './like-directory.ts'
import { syncDirectory } from './sync-directory.ts'

/** Throws the error of the file system and leaves the old file as it was. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const old = await stat(file).catch(() => null)
  const temporary = `${file}.${randomBytes(6).toString('hex')}.new`
  try {
    await write(temporary, text, old)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(file))
  // At worst a little space is not freed.
  await removeLeftovers(file).catch(() => undefined)
}

/** A write lasts seconds; an older temporary file is of a process that was killed. Ms. */
const LEFTOVER_MS = 3_600_000

/** Processes that are killed again and again must not fill the disk with their temporary files. */
async function removeLeftovers(file: string): Promise<void> {
  const [directory, name] = [dirname(file), basename(file)]
  const { mtimeMs } = await stat(file)
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith(`${name}.`) || !/^[0-9a-f]{12}\.new$/.test(entry.slice(name.length + 1))) continue
    const leftover = join(directory, entry)
    if (mtimeMs - (await stat(leftover)).mtimeMs > LEFTOVER_MS) await rm(leftover, { force: true })
  }
}

async function write(
  file: string,
  text: string,
  like: { mode: number; uid: number; gid: number } | null,
): Promise<void> {
  const handle = await createLikeDirectory(file)
  try {
    if (like) {
      // Root keeps the owner, so that the same user can read the file. Another user owns the file already or must not give it away.
      await handle.chown(like.uid, like.gid).catch(() => {})
      await handle.chmod(like.mode & 0o777)
    }
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
