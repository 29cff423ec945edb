// Splits a stream into a line, a number of octets, and the rest. The limits of the caller bound the memory, however small the pieces are.

import { Readable } from 'node:stream'
import { createOctetList, joinOctets } from '../../lib/octet-list.ts'

const NEWLINE = 0x0a
const nothing = Buffer.alloc(0)

export class PieceReader {
  readonly #source: AsyncIterator<Buffer>
  /** Octets that were read and not used yet. */
  #left: Buffer = nothing

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next line without its line end; null if there is no line end within the limit. */
  async line(limit: number): Promise<string | null> {
    const line = createOctetList()
    for (let piece: Buffer | null = this.#cut(); piece !== null; piece = await this.#next()) {
      const end = piece.indexOf(NEWLINE)
      line.add(end < 0 ? piece : piece.subarray(0, end))
      if (end >= 0) {
        this.#left = piece.subarray(end + 1)
        return joinOctets(line).toString('utf8')
      }
      if (line.length > limit) return null
    }
    return null
  }

  /** Exactly `count` octets; null if the stream ends before. */
  async octets(count: number): Promise<Buffer | null> {
    const read = createOctetList()
    read.add(this.#cut())
    while (read.length < count) {
      const piece = await this.#next()
      if (piece === null) return null
      read.add(piece)
    }
    const whole = joinOctets(read)
    this.#left = whole.subarray(count)
    return whole.subarray(0, count)
  }

  /** The rest of the stream. */
  rest(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false })
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    if (this.#left.length > 0) yield this.#cut()
    for (let piece = await this.#next(); piece !== null; piece = await this.#next()) yield piece
  }

  #cut(): Buffer {
    const piece = this.#left
    this.#left = nothing
    return piece
  }

  /** Null at the end of the stream. */
  async #next(): Promise<Buffer | null> {
    const next = await this.#source.next()
    return next.done ? null : next.value
  }
}
