// Unpacks gzip and zip within limits. What a file is, its octets say; its name and type do not, because reporters write many.

import { gunzipSync } from 'node:zlib'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { FREE_RATIO_OCTETS, MOST_ARCHIVE_ENTRIES, MOST_RATIO, MOST_UNPACKED_OCTETS } from './reading-limits.ts'
import { Unreadable } from './unreadable.ts'

const GZIP = Buffer.from([0x1f, 0x8b])
const ZIP = Buffer.from('PK\x03\x04')
const MIB = 2 ** 20

/**
 * The octets of a report; of an archive those of its first file with a report. Other octets are returned as they are.
 * @throws {Unreadable} with the reason
 */
export async function unpack(octets: Buffer): Promise<Buffer> {
  if (startsWith(octets, GZIP)) return inflate(octets)
  return startsWith(octets, ZIP) ? await firstReport(octets) : octets
}

/** True if `unpack` has something to do. */
export function isPacked(octets: Buffer): boolean {
  return startsWith(octets, GZIP) || startsWith(octets, ZIP)
}

function startsWith(octets: Buffer, mark: Buffer): boolean {
  return octets.subarray(0, mark.length).equals(mark)
}

/** What so many packed octets may become. */
function allowed(packed: number): number {
  return Math.min(MOST_UNPACKED_OCTETS, Math.max(FREE_RATIO_OCTETS, packed * MOST_RATIO))
}

function inflate(octets: Buffer): Buffer {
  const most = allowed(octets.length)
  try {
    return gunzipSync(octets, { maxOutputLength: most })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('the gzip file', most)
    throw new Unreadable(`the gzip file is damaged: ${message}`)
  }
}

function tooLarge(what: string, most: number): Unreadable {
  return new Unreadable(`${what} unpacks to more than ${(most / MIB).toFixed(1)} MiB, which is the limit for its size`)
}

async function firstReport(octets: Buffer): Promise<Buffer> {
  let archive: ZipFile
  try {
    archive = await fromBufferPromise(octets, { lazyEntries: true, decodeStrings: false })
  } catch (error) {
    throw damagedArchive(error)
  }
  if (archive.entryCount > MOST_ARCHIVE_ENTRIES)
    throw new Unreadable(`the zip archive has ${archive.entryCount} files, expected at most ${MOST_ARCHIVE_ENTRIES}`)
  try {
    for await (const entry of archive.eachEntry()) {
      const found = await readEntry(archive, entry)
      if (found && looksLikeReport(found)) return found
    }
  } catch (error) {
    throw error instanceof Unreadable ? error : damagedArchive(error)
  }
  throw new Unreadable('the zip archive has no report')
}

function damagedArchive(error: unknown): Unreadable {
  return new Unreadable(`the zip archive is damaged: ${(error as Error).message}`)
}

/** Null for a folder. The sizes that the archive names are not believed: yauzl compares them with what comes out. */
async function readEntry(archive: ZipFile, entry: Entry): Promise<Buffer | null> {
  if (entry.isEncrypted()) throw new Unreadable('the zip archive is encrypted')
  const most = allowed(entry.compressedSize)
  if (entry.uncompressedSize > most) throw tooLarge('a file of the zip archive', most)
  if (entry.uncompressedSize === 0) return null
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of await archive.openReadStreamPromise(entry)) {
    pieces.push(piece as Buffer)
    size += (piece as Buffer).length
    if (size > most) throw tooLarge('a file of the zip archive', most)
  }
  return Buffer.concat(pieces)
}

/** XML or JSON by its first characters; UTF-16 has a null beside each. */
function looksLikeReport(octets: Buffer): boolean {
  const start = octets
    .subarray(0, 200)
    .toString('latin1')
    .replace(/[\0\xef\xbb\xbf\xfe\xff\s]/g, '')
  return start.startsWith('<') || start.startsWith('{')
}
