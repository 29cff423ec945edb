// New files and folders that a service of another user must read: they get the group of their directory and are as readable as it is. The
// owner needs no change: a command acts as the owner of the directory in which it writes.

import { mkdir, open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o600
const OWNER_FOLDER = 0o700
const GROUP_READ = 0o040
const GROUP_ENTER = 0o010

/** Creates a file that must not exist and opens it for writing; it holds secrets, so others never read it. */
export async function createLikeDirectory(file: string): Promise<FileHandle> {
  const parent = await stat(dirname(file))
  const handle = await open(file, 'wx', OWNER_ONLY)
  try {
    if (await giveToGroup(handle, parent.gid)) await handle.chmod(OWNER_ONLY | (parent.mode & GROUP_READ))
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Creates a folder and its missing parents. An existing one keeps its mode. */
export async function makeLikeDirectory(folder: string): Promise<void> {
  const parent = await stat(dirname(folder)).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    await makeLikeDirectory(dirname(folder))
    return stat(dirname(folder))
  })
  try {
    await mkdir(folder, { mode: OWNER_FOLDER })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  const handle = await open(folder, 'r')
  try {
    const readable = OWNER_FOLDER | (parent.mode & (GROUP_READ | GROUP_ENTER))
    if (await giveToGroup(handle, parent.gid)) await handle.chmod(readable)
  } finally {
    await handle.close()
  }
}

/** False if this user may not give files to that group. */
async function giveToGroup(handle: FileHandle, gid: number): Promise<boolean> {
  const own = await handle.stat()
  if (own.gid === gid) return true
  return handle.chown(own.uid, gid).then(
    () => true,
    () => false,
  )
}
