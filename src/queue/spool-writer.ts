// Room queue: the stream into a spool file. Node's own write stream closes the file by itself; here the spool has to sync it first.

import { Writable } from 'node:stream'
import type { Descriptor } from './descriptor.ts'
import { asUnavailable } from './unavailable.ts'

/** Octets held in memory before the writer is told to wait: what came during one write goes out with the next. */
const BUFFERED_OCTETS = 131_072

export class SpoolWriter extends Writable {
  readonly #descriptor: Descriptor
  #writing: Promise<void> = Promise.resolve()

  constructor(descriptor: Descriptor) {
    super({ highWaterMark: BUFFERED_OCTETS })
    this.#descriptor = descriptor
  }

  /** Stops writing; resolves when no write is under way, so that the file can be closed. */
  async abandon(): Promise<void> {
    this.on('error', () => {})
    this.destroy()
    await this.#writing.catch(() => {})
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#run([chunk], callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#run(
      chunks.map(({ chunk }) => chunk),
      callback,
    )
  }

  #run(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    this.#writing = this.#descriptor.write(chunks)
    this.#writing.then(
      () => callback(),
      (error: Error) => callback(asUnavailable(error) ?? error),
    )
  }
}
