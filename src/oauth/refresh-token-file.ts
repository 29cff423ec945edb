// The file with a refresh token. The server may replace the token at each use, and then only the new one is valid: the file must be
// writable before the old one is used.

import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeLikeDirectory } from '../lib/like-directory.ts'
import { errorText } from '../lib/log.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { readFirstLine } from './token-request.ts'

/** Why a new token could not be stored there; null if it can. The folder is what counts: the file is replaced by a rename. */
export async function unwritable(file: string): Promise<string | null> {
  try {
    const folder = await nearestFolder(dirname(file))
    await access(folder, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return `the refresh token could not be stored in ${file}: ${errorText(error)}`
  }
}

async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => null)
  return found || folder === dirname(folder) ? folder : nearestFolder(dirname(folder))
}

/** The token, or null without the file. Rejects for a file that cannot be read or is empty. */
export async function readRefreshToken(file: string): Promise<string | null> {
  try {
    return await readFirstLine(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Stores it durably, for its owner only. Rejects with the error of the file system. */
export async function writeRefreshToken(file: string, token: string): Promise<void> {
  await makeLikeDirectory(dirname(file))
  await replaceFile(file, `${token}\n`)
}
