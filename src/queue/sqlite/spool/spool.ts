// Spool files: bodies that are too large for the database. A file is written once and made durable with its directory entry; then a row names
// it. The row is the commit point, so no file is renamed.

import { link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import type { Holder } from '../../../budget/pool.ts'
import { type Descriptor, openNew } from './descriptor.ts'
import { DirectorySync } from './directory-sync.ts'
import type { SpoolFile } from '../../contract/queue.ts'
import type { BodyOctets, SpoolSpace } from './spool-space.ts'
import { SpoolWriter } from './spool-writer.ts'
import { asUnavailable } from '../../contract/queue-unavailable.ts'

/** Files per subdirectory before the next one is used: files written at the same time share its fsync. */
const FILES_PER_TURN = 256
/** Number of subdirectories, which bounds the size of each. */
const SUBDIRECTORIES = 256
/** Octets of a random file name: no two files get the same name. */
const NAME_BYTES = 12
/**
 * Octets per read when a body is sent: each read costs a switch to another thread. From 128 KiB the C library maps and unmaps memory for every
 * buffer, which costs as much again.
 */
const READ_AHEAD = 126_976

export interface SpoolOptions {
  /** One subdirectory for all files; null to spread them. */
  readonly folder: string | null
  /** Counts what is in flight; null for a command, whose messages are in a queue already. */
  readonly space: SpoolSpace | null
}

/** Whose octets count if the caller names no holder: messages of this node. */
const OWN: Holder = { purpose: 'delivery' }

export class Spool {
  readonly #directory: string
  readonly #randomBytes: (count: number) => Buffer
  readonly #sync = new DirectorySync()
  readonly #made = new Set<string>()
  readonly #options: SpoolOptions
  #count = 0

  constructor(directory: string, randomBytes: (count: number) => Buffer, options: SpoolOptions) {
    this.#directory = directory
    this.#randomBytes = randomBytes
    this.#options = options
  }

  get directory(): string {
    return this.#directory
  }

  /** Creates a new file for a body of this holder. Rejects with QueueUnavailable. */
  async create(holder: Holder = OWN): Promise<SpoolFile> {
    const turn = Math.floor(this.#count++ / FILES_PER_TURN) % SUBDIRECTORIES
    const subdirectory = this.#options.folder ?? subdirectoryName(turn)
    const file = `${subdirectory}/${this.#randomBytes(NAME_BYTES).toString('hex')}`
    const path = join(this.#directory, file)
    try {
      await this.#makeDirectory(subdirectory)
      const descriptor = await openNew(path)
      return await this.#spoolFile(file, descriptor, holder).catch(async (error: unknown) => {
        await descriptor.close()
        await this.remove(file)
        throw error
      })
    } catch (error) {
      throw asUnavailable(error) ?? error
    }
  }

  /** The body as a stream; it fails before its first octet if the file is missing or its size is not that of the row. */
  read(file: string, size: number): Readable {
    return Readable.from(readWhole(join(this.#directory, file), size), { objectMode: false })
  }

  /** Makes a hard link of a finished file, durable when it resolves. Returns its name. Rejects with QueueUnavailable. */
  async link(file: string): Promise<string> {
    const [subdirectory = ''] = file.split('/')
    const second = `${subdirectory}/${this.#randomBytes(NAME_BYTES).toString('hex')}`
    try {
      await link(join(this.#directory, file), join(this.#directory, second))
      await this.#sync.sync(join(this.#directory, subdirectory))
      return second
    } catch (error) {
      throw asUnavailable(error) ?? error
    }
  }

  /** Removes a file; a missing file is no error. */
  async remove(file: string): Promise<void> {
    await unlink(join(this.#directory, file)).catch((error: { code?: string }) => {
      if (error.code !== 'ENOENT') throw error
    })
  }

  async #spoolFile(file: string, descriptor: Descriptor, holder: Holder): Promise<SpoolFile> {
    const abort = (error: Error) => {
      stream.destroy(error)
      void descriptor.empty().catch(() => {})
    }
    const octets = (await this.#options.space?.open(holder, abort)) ?? unlimited
    const stream = new SpoolWriter(descriptor, octets)
    const discard = async () => {
      try {
        await stream.abandon()
        await descriptor.close()
        await this.remove(file)
      } finally {
        // Not before: until the file is removed its octets are on the disk.
        octets.release()
      }
    }
    return {
      file,
      stream,
      discard,
      finish: async () => {
        try {
          await ended(stream)
          const size = await descriptor.sync()
          await descriptor.close()
          await this.#sync.sync(dirname(join(this.#directory, file)))
          octets.release()
          return { size }
        } catch (error) {
          await discard().catch(() => {})
          throw asUnavailable(error) ?? error
        }
      },
    }
  }

  async #makeDirectory(subdirectory: string): Promise<void> {
    if (this.#made.has(subdirectory)) return
    await mkdir(join(this.#directory, subdirectory), { recursive: true, mode: 0o700 })
    await this.#sync.sync(this.#directory)
    this.#made.add(subdirectory)
  }
}

const unlimited: BodyOctets = { take: () => {}, wrote: () => {}, release: () => {} }

/** `00` to `ff`. */
function subdirectoryName(number: number): string {
  return number.toString(16).padStart(2, '0')
}

/** Resolves when the kernel has everything that was written. */
function ended(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    if (stream.errored) return reject(stream.errored)
    if (stream.writableFinished) return resolve()
    stream.once('finish', resolve)
    stream.end()
  })
}

async function* readWhole(path: string, size: number): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r')
  try {
    const actual = (await handle.stat()).size
    if (actual !== size) throw new Error(`spool file ${path} has ${actual} octets instead of ${size}`)
    for (let offset = 0; offset < size; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(READ_AHEAD, size - offset))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset)
      if (bytesRead === 0) throw new Error(`spool file ${path} ends at ${offset} of ${size} octets`)
      offset += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}
