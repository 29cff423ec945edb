// Room queue: how much room the file system has for us.

import { statfs } from 'node:fs/promises'

/** Octets a process like ours can still write there. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
