// The format of a backup: a folder with the database, the spool files and a list of checksums that `sha256sum -c` can read. The list is written
// last: a folder without it is not a backup.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DATABASE_FILE } from '../database/database.ts'
import { DirectorySync } from '../spool/directory-sync.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** The list of checksums, in the format of `sha256sum`. */
export const CHECKSUMS = 'SHA256SUMS'

/** Checksums in hex by the path of a file below the folder. */
export type Checksums = ReadonlyMap<string, string>

/** Copies a file durably. Returns its checksum, or null if the file does not exist. */
export async function copyDurably(from: string, to: string): Promise<string | null> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  const look = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  try {
    await pipeline(createReadStream(from), look, createWriteStream(to, { mode: 0o600 }))
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null
    throw error
  }
  await makeDurable(to)
  return hash.digest('hex')
}

/** Flushes a file and its directory entry. */
export async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await new DirectorySync().sync(dirname(file))
}

/** The checksum of a file. */
export async function checksumOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export async function writeChecksums(folder: string, checksums: Checksums): Promise<void> {
  const text = [...checksums].map(([file, checksum]) => `${checksum}  ${file}\n`).join('')
  const handle = await open(join(folder, CHECKSUMS), 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await new DirectorySync().sync(folder)
}

/** A checksum, and the database or a spool file: nothing outside the folder. */
const checksumLine = /^([0-9a-f]{64}) {2}(queue\.db|spool\/\w+\/\w+)$/

/** Reads the list of a backup. Rejects with QueueUnavailable if the list is missing or incomplete. */
async function readChecksums(folder: string): Promise<Checksums> {
  const refuse = (why: string) =>
    new QueueUnavailable('failing', `${folder} is not a complete backup of a queue: ${why} ${CHECKSUMS}`)
  const text = await readFile(join(folder, CHECKSUMS), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw refuse('missing')
    throw new QueueUnavailable('failing', `cannot read the backup ${folder}: ${error.message}`)
  })
  const checksums = new Map<string, string>()
  for (const [place, line] of text.split('\n').slice(0, -1).entries()) {
    const [, checksum, file] = checksumLine.exec(line) ?? []
    if (checksum === undefined || file === undefined) throw refuse(`line ${place + 1} is malformed in`)
    checksums.set(file, checksum)
  }
  if (!text.endsWith('\n') || !checksums.has(DATABASE_FILE)) throw refuse('truncated')
  return checksums
}

/** Compares every file of the list with its checksum. Rejects with QueueUnavailable at the first difference. */
export async function verifyFolder(folder: string): Promise<Checksums> {
  const checksums = await readChecksums(folder)
  for (const [file, checksum] of checksums) {
    const found = await checksumOf(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EACCES') return 'missing'
      throw new QueueUnavailable('failing', `cannot read the backup ${folder}: ${error.message}`)
    })
    if (found !== checksum)
      throw new QueueUnavailable('corrupt', `${join(folder, file)} differs from what the backup wrote (wrong checksum)`)
  }
  return checksums
}
