// Stores a body while it arrives: in memory up to the inline limit, in a spool file above it or where memory is short. Memory does not grow
// with the size.

import { once } from 'node:events'
import type { Holder } from '../budget/pool.ts'
import type { BodySink } from '../message/receive.ts'
import type { MessageMemory } from './message-memory.ts'
import { createOctetList, joinOctets } from '../lib/octet-list.ts'
import { INLINE_LIMIT, type Queue, type SpoolFile, type StoredBody } from '../queue/contract/queue.ts'

/** Octets that are collected for one write: the stream of the file keeps an object for each write. */
const WRITTEN_OCTETS = 16_384

/** In whose share the octets of a body are. */
export interface BodyOwner {
  /** The client whose body it is. */
  readonly holder?: Holder
  /** Counts the octets that are in memory; the caller releases it. Without space the body goes to a file. */
  readonly memory?: Pick<MessageMemory, 'take' | 'give'>
}

export class BodySpool implements BodySink {
  readonly #queue: Pick<Queue, 'createSpoolFile'>
  readonly #owner: BodyOwner
  readonly #octets = createOctetList()
  #size = 0
  #inMemory = 0
  #file: SpoolFile | null = null
  #failure: Error | null = null

  /** @param owner by default the octets count as delivery's */
  constructor(queue: Pick<Queue, 'createSpoolFile'>, owner: BodyOwner = {}) {
    this.#queue = queue
    this.#owner = owner
  }

  /** Appends a chunk. The caller awaits a promise before the next chunk. Throws the error of the disk. */
  write(chunk: Buffer): Promise<void> | void {
    this.#size += chunk.length
    const fits = !this.#file && (this.#owner.memory?.take(chunk.length) ?? true)
    if (fits) this.#inMemory += chunk.length
    this.#octets.add(chunk)
    if (this.#file) return this.#octets.length < WRITTEN_OCTETS ? undefined : this.#append(this.#file)
    if (!fits || this.#size > INLINE_LIMIT) return this.#overflow()
  }

  /** The complete body. A spool file is durable then, and an orphan until the row of a message names it. */
  async finish(): Promise<StoredBody> {
    if (!this.#file) return { kind: 'inline', bytes: joinOctets(this.#octets) }
    await this.#append(this.#file)
    if (this.#failure) throw this.#failure
    const { size } = await this.#file.finish()
    return { kind: 'spool', file: this.#file.file, size }
  }

  /** Removes everything: the message was refused, or the client disconnected. */
  async discard(): Promise<void> {
    this.#octets.take()
    await this.#file?.discard()
  }

  async #overflow(): Promise<void> {
    const file = await this.#queue.createSpoolFile(this.#owner.holder)
    this.#file = file
    file.stream.on('error', (error) => (this.#failure = error))
    await this.#append(file)
    this.#owner.memory?.give(this.#inMemory)
  }

  /** Gives the file everything that was collected. */
  async #append(file: SpoolFile): Promise<void> {
    for (const piece of this.#octets.take()) {
      if (this.#failure) throw this.#failure
      if (!file.stream.write(piece)) await once(file.stream, 'drain')
    }
  }
}
