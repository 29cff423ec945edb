// The stream into a spool file. Node's write stream closes the file when it ends; the spool must sync the file first.

import { Writable } from 'node:stream'
import type { BodyOctets } from './spool-space.ts'
import type { Descriptor } from './descriptor.ts'
import { createOctetList } from '../../../lib/octet-list.ts'
import { asUnavailable } from '../../contract/queue-unavailable.ts'

/** Octets gathered for one write: a write wakes another thread, which costs more than copying a socket's chunk. */
const GATHERED_OCTETS = 262_144
/** Octets that may arrive during a write before the stream applies backpressure. */
const BUFFERED_OCTETS = 131_072

export class SpoolWriter extends Writable {
  readonly #descriptor: Descriptor
  readonly #inFlight: BodyOctets
  #writing: Promise<void> = Promise.resolve()
  readonly #gathered = createOctetList()

  constructor(descriptor: Descriptor, inFlight: BodyOctets) {
    super({ highWaterMark: BUFFERED_OCTETS })
    this.#descriptor = descriptor
    this.#inFlight = inFlight
  }

  /** Stops writing. Resolves when no write is running, so that the file can be closed. */
  async abandon(): Promise<void> {
    this.on('error', () => {})
    this.destroy()
    this.#gathered.take()
    await this.#writing.catch(() => {})
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#take([{ chunk }], callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#take(chunks, callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#flush(1, callback)
  }

  #take(chunks: readonly { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    try {
      this.#inFlight.take(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0))
    } catch (error) {
      callback(error as Error)
      return
    }
    for (const { chunk } of chunks) this.#gathered.add(chunk)
    this.#flush(GATHERED_OCTETS, callback)
  }

  /** Writes what was gathered if it is at least `least` octets. */
  #flush(least: number, callback: (error?: Error | null) => void): void {
    const octets = this.#gathered.length
    if (octets < least) return callback()
    this.#writing = this.#descriptor.write(this.#gathered.take())
    this.#writing.then(
      () => {
        this.#inFlight.wrote(octets)
        callback()
      },
      (error: Error) => callback(asUnavailable(error) ?? error),
    )
  }
}
