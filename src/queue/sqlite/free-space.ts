// Room queue: how much room the file system has for us.

import { statfs } from 'node:fs/promises'

export interface FreeSpace {
  /** Octets a process like ours can still write. */
  readonly bytes: number
  /** Files it can still create; Infinity where the file system does not count them. */
  readonly files: number
}

/** Asks the file system of a directory. */
export async function freeSpace(directory: string): Promise<FreeSpace> {
  const { bavail, bsize, files, ffree } = await statfs(directory)
  return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree }
}
