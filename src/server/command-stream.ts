// smtp-server's parser with three differences: an unfinished last line is no command, the end of DATA is announced,
// and so is every step of the size, so that an oversized message stops being stored while it still comes in.

import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'

export class CommandStream extends SMTPStream {
  /** The true end of data (RFC 5321 4.1.1.4) was read. */
  onDataEnd: () => void = () => {}
  /** Octets of the message so far, after dot-unstuffing. */
  onDataOctets: (octets: number) => void = () => {}

  /** RFC 5321 2.3.8: a line without its end was never sent; running it would let a cut connection say QUIT or DATA. */
  override _flushData(): void {}

  override _countDataBytes(length: number): void {
    super._countDataBytes(length)
    this.onDataOctets(this.dataBytes)
  }

  override _endDataMode(chunk: Buffer | false, remainder: Buffer, callback: (error?: Error | null) => void): void {
    super._endDataMode(chunk, remainder, callback)
    this.onDataEnd()
  }

  /** True if octets of an unfinished or unread line are waiting. */
  get holdsInput(): boolean {
    return this._remainder !== '' || this.writableLength > 0
  }
}
