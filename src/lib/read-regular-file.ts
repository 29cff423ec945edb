// Reads a file of the data directory, whose owner could plant a pipe that never ends or a link to another place.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** The text of a regular file. Rejects with the error of the file system, and for anything that is not a file. */
export async function readRegularFile(file: string): Promise<string> {
  // Without O_NONBLOCK the open of a pipe waits for a writer.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${file} is not a regular file`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
