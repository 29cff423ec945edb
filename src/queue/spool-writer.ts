// Room queue: the stream into a spool file. Node's own write stream keeps the file handle to itself; here the handle stays with the spool,
// which has to sync and close it.

import type { FileHandle } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { asUnavailable } from './unavailable.ts'

/** Octets held in memory before the writer is told to wait. */
const BUFFERED_OCTETS = 65_536

export class SpoolWriter extends Writable {
  readonly #handle: FileHandle
  #writing: Promise<void> = Promise.resolve()

  constructor(handle: FileHandle) {
    super({ highWaterMark: BUFFERED_OCTETS })
    this.#handle = handle
  }

  /** Stops writing; resolves when no write is under way, so that the handle can be closed. */
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
    this.#writing = this.#writeAll(chunks)
    this.#writing.then(
      () => callback(),
      (error: Error) => callback(asUnavailable(error) ?? error),
    )
  }

  async #writeAll(chunks: readonly Buffer[]): Promise<void> {
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const { bytesWritten } = await this.#handle.writev(chunks)
    if (bytesWritten === total) return
    const whole = Buffer.concat(chunks)
    for (let offset = bytesWritten; offset < total; )
      offset += (await this.#handle.write(whole, offset, total - offset)).bytesWritten
  }
}
