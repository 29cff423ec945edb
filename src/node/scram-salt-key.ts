// The key from which users without SCRAM keys get their salts. It is kept: otherwise the salts of a restarted node would show which users exist.

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createFile } from '../lib/create-file.ts'

const KEY_OCTETS = 32

/** Reads the key, or makes one. Rejects with the error of the file system. */
export async function openSaltKey(file: string): Promise<Buffer> {
  const read = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  const key = Buffer.from(read?.trim() ?? '', 'hex')
  if (key.length === KEY_OCTETS) return key
  if (read !== null) throw new Error(`${file} is damaged: remove it, and the node makes a new one`)
  const made = randomBytes(KEY_OCTETS)
  await createFile(file, `${made.toString('hex')}\n`)
  return made
}
