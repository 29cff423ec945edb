// Stores a body while it arrives: in memory up to the inline limit, in a spool file above it. Memory does not grow with the size.

import { once } from 'node:events'
import type { Holder } from '../budget/pool.ts'
import type { BodySink } from '../message/receive.ts'
import { INLINE_LIMIT, type Queue, type SpoolFile, type StoredBody } from '../queue/contract/queue.ts'

export class BodySpool implements BodySink {
  readonly #queue: Pick<Queue, 'createSpoolFile'>
  readonly #holder: Holder | undefined
  #chunks: Buffer[] = []
  #size = 0
  #file: SpoolFile | null = null
  #failure: Error | null = null

  /** @param holder the client whose body it is; by default the octets count as delivery's */
  constructor(queue: Pick<Queue, 'createSpoolFile'>, holder?: Holder) {
    this.#queue = queue
    this.#holder = holder
  }

  /** Appends a chunk. The caller awaits a promise before the next chunk. Throws the error of the disk. */
  write(chunk: Buffer): Promise<void> | void {
    this.#size += chunk.length
    if (this.#file) return this.#append(this.#file, chunk)
    this.#chunks.push(chunk)
    if (this.#size > INLINE_LIMIT) return this.#overflow()
  }

  /** The complete body. A spool file is durable then, and an orphan until the row of a message names it. */
  async finish(): Promise<StoredBody> {
    if (!this.#file)
      return {
        kind: 'inline',
        bytes: this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks),
      }
    if (this.#failure) throw this.#failure
    const { size } = await this.#file.finish()
    return { kind: 'spool', file: this.#file.file, size }
  }

  /** Removes everything: the message was refused, or the client disconnected. */
  async discard(): Promise<void> {
    this.#chunks = []
    await this.#file?.discard()
  }

  async #overflow(): Promise<void> {
    const file = await this.#queue.createSpoolFile(this.#holder)
    this.#file = file
    file.stream.on('error', (error) => (this.#failure = error))
    const chunks = this.#chunks
    this.#chunks = []
    for (const chunk of chunks) await this.#append(file, chunk)
  }

  async #append(file: SpoolFile, chunk: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure
    if (!file.stream.write(chunk)) await once(file.stream, 'drain')
  }
}
