// The parser of smtp-server with our own reading of messages: smtp-server keeps the dot of `.x`, removes one after a bare LF, and has no
// BDAT. It also runs no line without a line end.

import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import type { OctetFraming } from './octet-framing.ts'

type Done = (error?: Error | null) => void

/** Takes octets that are no commands. */
export interface OctetTarget {
  /** False if the parser must wait for `whenReady` before the next octets. */
  write(content: Buffer): boolean
  /** Calls back when the target takes more octets, or needs none any more. */
  whenReady(resume: () => void): void
}

interface Reading {
  readonly framing: OctetFraming
  readonly target: OctetTarget
  readonly onEnd: () => void
}

export class CommandStream extends SMTPStream {
  #reading: Reading | null = null

  /**
   * Passes what follows the present command to a target, until the framing finds the end; `continue` then reads the next command.
   * @param onEnd called at the end of the octets
   */
  readOctets(framing: OctetFraming, target: OctetTarget, onEnd: () => void): void {
    this.#reading = { framing, target, onEnd }
    this._dataMode = true
  }

  /** A line without its line end is no command (RFC 5321 2.3.8): a broken connection must not execute QUIT or DATA. */
  override _flushData(): void {}

  override _feedDataStream(chunk: Buffer, done: Done): void {
    const { framing, target, onEnd } = this.#reading as Reading
    const { content, rest } = framing.push(chunk)
    const isReady = content.length === 0 || target.write(content)
    if (rest === null) return isReady ? done() : target.whenReady(done)
    this.#reading = null
    this._dataMode = false
    this._remainder = ''
    this._continueCallback = () => this._write(rest, 'buffer', done)
    onEnd()
  }

  /** True if octets of an incomplete or unread line are buffered. */
  get holdsInput(): boolean {
    return this._remainder !== '' || this.writableLength > 0
  }
}
