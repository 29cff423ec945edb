// Where a body goes while it arrives: memory up to the inline limit, from then on a spool file. Memory stays flat whatever the size.

import { once } from 'node:events'
import { INLINE_LIMIT, type Queue, type SpoolFile, type StoredBody } from '../queue/contract/queue.ts'

/** One body on its way to rest. */
export class BodySink {
  readonly #queue: Pick<Queue, 'createSpoolFile'>
  #chunks: Buffer[] = []
  #size = 0
  #spool: SpoolFile | null = null
  #failure: Error | null = null

  constructor(queue: Pick<Queue, 'createSpoolFile'>) {
    this.#queue = queue
  }

  /** Takes the next octets; a promise means "wait before the next". Throws what the disk says. */
  write(chunk: Buffer): Promise<void> | void {
    this.#size += chunk.length
    if (this.#spool) return this.#append(this.#spool, chunk)
    this.#chunks.push(chunk)
    if (this.#size > INLINE_LIMIT) return this.#overflow()
  }

  /** The body at rest; a spool file is durable now, but owned by nobody until its row is committed. */
  async finish(): Promise<StoredBody> {
    if (!this.#spool)
      return {
        kind: 'inline',
        bytes: this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks),
      }
    if (this.#failure) throw this.#failure
    const { size } = await this.#spool.finish()
    return { kind: 'spool', file: this.#spool.file, size }
  }

  /** Forgets everything: the mail was refused or the client went away. */
  async discard(): Promise<void> {
    this.#chunks = []
    await this.#spool?.discard()
  }

  async #overflow(): Promise<void> {
    const spool = await this.#queue.createSpoolFile()
    this.#spool = spool
    spool.stream.on('error', (error) => (this.#failure = error))
    const chunks = this.#chunks
    this.#chunks = []
    for (const chunk of chunks) await this.#append(spool, chunk)
  }

  async #append(spool: SpoolFile, chunk: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure
    if (!spool.stream.write(chunk)) await once(spool.stream, 'drain')
  }
}
