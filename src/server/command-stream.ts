// smtp-server's parser with our own reading of DATA (data-framing.ts; the package leaves the dot of `.x` and takes one out after a bare
// LF). Besides: an unfinished last line is no command, the end of DATA is announced, and so is every step of the size.

import type { PassThrough } from 'node:stream'
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { createDataFraming, type DataFraming } from './data-framing.ts'

type Done = (error?: Error | null) => void

export class CommandStream extends SMTPStream {
  /** The true end of data (RFC 5321 4.1.1.4) was read. */
  onDataEnd: () => void = () => {}
  /** Octets of the message so far, after dot-unstuffing. */
  onDataOctets: (octets: number) => void = () => {}
  #framing: DataFraming = createDataFraming()

  override startDataMode(maxOctets?: number | string | null): ReturnType<SMTPStream['startDataMode']> {
    this.#framing = createDataFraming()
    return super.startDataMode(maxOctets)
  }

  /** RFC 5321 2.3.8: a line without its end was never sent; running it would let a cut connection say QUIT or DATA. */
  override _flushData(): void {}

  override _countDataBytes(length: number): void {
    super._countDataBytes(length)
    this.onDataOctets(this.dataBytes)
  }

  override _feedDataStream(chunk: Buffer, done: Done): void {
    const { content, rest } = this.#framing.push(chunk)
    const stream = this._dataStream as PassThrough
    this._countDataBytes(content.length)
    if (rest !== null) return this._endDataMode(content, rest, done)
    if (content.length === 0 || !stream.writable || stream.write(content)) return done()
    // A stream that its reader destroys never drains, it only closes.
    const resume = () => {
      stream.removeListener('drain', resume)
      stream.removeListener('close', resume)
      done()
    }
    stream.once('drain', resume)
    stream.once('close', resume)
  }

  override _endDataMode(chunk: Buffer | false, remainder: Buffer, callback: Done): void {
    super._endDataMode(chunk, remainder, callback)
    this.onDataEnd()
  }

  /** True if octets of an unfinished or unread line are waiting. */
  get holdsInput(): boolean {
    return this._remainder !== '' || this.writableLength > 0
  }
}
