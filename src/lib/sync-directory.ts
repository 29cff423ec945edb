// Makes a change of names in a directory durable: a new, renamed or removed file. Syncing the file itself does not (fsync(2)).

import { open } from 'node:fs/promises'

/** Rejects with the error of the file system. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
