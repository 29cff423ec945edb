// The parser of smtp-server with our own framing of DATA (data-framing.ts): smtp-server keeps the dot of `.x` and removes one after a bare
// LF. It also reports the size and the end of DATA, and runs no line without a line end.

import type { PassThrough } from 'node:stream'
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { createDataFraming, type DataFraming } from './data-framing.ts'

type Done = (error?: Error | null) => void

export class CommandStream extends SMTPStream {
  /** Called at the end of data (RFC 5321 4.1.1.4). */
  onDataEnd: () => void = () => {}
  /** Called with the octets of the message so far, after dot-unstuffing. */
  onDataOctets: (octets: number) => void = () => {}
  #framing: DataFraming = createDataFraming()

  override startDataMode(maxOctets?: number | string | null): ReturnType<SMTPStream['startDataMode']> {
    this.#framing = createDataFraming()
    return super.startDataMode(maxOctets)
  }

  /** A line without its line end is no command (RFC 5321 2.3.8): a broken connection must not execute QUIT or DATA. */
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
    // A destroyed stream emits no drain event, only close.
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

  /** True if octets of an incomplete or unread line are buffered. */
  get holdsInput(): boolean {
    return this._remainder !== '' || this.writableLength > 0
  }
}
