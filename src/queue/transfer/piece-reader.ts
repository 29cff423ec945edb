// Splits a stream into a line, a number of octets, and the rest. The limits of the caller bound the memory.

import { Readable } from 'node:stream'

const NEWLINE = 0x0a

export class PieceReader {
  readonly #source: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)
  #ended = false

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next line without its line end; null if there is no line end within the limit. */
  async line(limit: number): Promise<string | null> {
    for (let searched = 0; ; ) {
      const end = this.#left.indexOf(NEWLINE, searched)
      if (end >= 0)
        return this.#cut(end + 1)
          .subarray(0, end)
          .toString('utf8')
      searched = this.#left.length
      if (searched > limit || !(await this.#more())) return null
    }
  }

  /** Exactly `count` octets; null if the stream ends before. */
  async octets(count: number): Promise<Buffer | null> {
    while (this.#left.length < count) if (!(await this.#more())) return null
    return this.#cut(count)
  }

  /** The rest of the stream. */
  rest(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false })
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    if (this.#left.length > 0) yield this.#cut(this.#left.length)
    for (;;) {
      const next = await this.#source.next()
      if (next.done) return
      yield next.value
    }
  }

  #cut(count: number): Buffer {
    const piece = this.#left.subarray(0, count)
    this.#left = this.#left.subarray(count)
    return piece
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false
    const next = await this.#source.next()
    if (next.done) this.#ended = true
    else this.#left = this.#left.length === 0 ? next.value : Buffer.concat([this.#left, next.value])
    return !this.#ended
  }
}
