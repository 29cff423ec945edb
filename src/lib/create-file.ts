// Creates a file that nothing reads before it is whole, also after a full disk or a power cut.

import { randomBytes } from 'node:crypto'
import { link, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { replaceFile } from './replace-file.ts'
import { syncDirectory } from './sync-directory.ts'

/** Rejects with EEXIST if the file exists, or with another error of the file system; then there is no file, or the old one. */
export async function createFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.new`
  try {
    await replaceFile(temporary, text)
    // rename would replace an old file.
    await link(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(dirname(file))
}
