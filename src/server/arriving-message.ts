// A message that arrives by DATA, or by BDAT in chunks: the stream that the hook reads, what can interrupt it, and when it is over. Bare CR
// and LF pass through to message/newlines.ts, however the message arrives.

import { PassThrough } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import type { OctetTarget } from './command-stream.ts'
import { createDataPace, type DataPace } from './data-pace.ts'
import { type InterruptionKind, MessageInterrupted } from './interruption.ts'
import type { ServerLimits } from './server-limits.ts'

/** At this multiple of the size limit the session ends: reading on would cost bandwidth and bring nothing. */
export const FLOOD_FACTOR = 2

export interface ArrivalParts {
  readonly limits: ServerLimits
  /** Octets that the message can have. */
  readonly messageSize: number
  readonly clock: Pick<Clock, 'monotonic'>
  /** Called once if the message exceeds the size limit by far. */
  readonly onFlood: () => void
}

/** A class, because there is one for each message. */
export class ArrivingMessage implements OctetTarget {
  readonly stream: PassThrough = new PassThrough()
  /** Resolves at the end of the message or at `cut`. A message by DATA that is too large is read to its end first. */
  readonly over: Promise<void>
  readonly #parts: ArrivalParts
  readonly #pace: DataPace
  readonly #resolveOver: () => void
  #octets = 0
  #interruption: InterruptionKind | null = null
  #complete = false
  #isOver = false
  #isFlood = false

  constructor(parts: ArrivalParts) {
    this.#parts = parts
    this.#pace = createDataPace(parts.limits, parts.clock)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#resolveOver = resolve
    // The reader of the stream gets the error too. Without a listener here an unread stream would end the process.
    this.stream.on('error', ignore)
  }

  /** Octets received so far. */
  get octets(): number {
    return this.#octets
  }

  /** Why the message is incomplete; null if it is not. */
  get interruption(): InterruptionKind | null {
    return this.#interruption
  }

  /** True when the end of the message was read. */
  get complete(): boolean {
    return this.#complete
  }

  write(content: Buffer): boolean {
    this.#count(content.length)
    return !this.stream.writable || this.stream.write(content)
  }

  whenReady(resume: () => void): void {
    waitForDrain(this.stream, resume)
  }

  /** The end of the message was read. */
  end(): void {
    this.#complete = true
    this.stream.end()
    this.#finish()
  }

  /** Reads and drops the rest of the message. */
  discard(): void {
    if (!this.#complete && !this.stream.destroyed) this.stream.destroy()
  }

  /** Ends the message at once, because its transaction or the connection ends. Has no effect after the end of the message. */
  cut(kind: InterruptionKind): void {
    if (this.#complete) return
    this.#interrupt(kind)
    this.#finish()
  }

  /**
   * True if the client is too slow. Each call measures the time since the last one.
   * @param isServersTurn true if the client waits for a reply
   */
  tooSlow(pressure: number, isServersTurn: boolean): boolean {
    return !this.#isOver && this.#pace.tooSlow(this.#octets, isServersTurn || this.stream.writableNeedDrain, pressure)
  }

  #count(length: number): void {
    const { messageSize, onFlood } = this.#parts
    this.#octets += length
    if (this.#octets > messageSize) this.#interrupt('too-large')
    if (this.#isFlood || this.#octets <= messageSize * FLOOD_FACTOR) return
    this.#isFlood = true
    onFlood()
  }

  #interrupt(kind: InterruptionKind): void {
    this.#interruption ??= kind
    if (!this.stream.destroyed) this.stream.destroy(new MessageInterrupted(this.#interruption))
  }

  #finish(): void {
    this.#isOver = true
    this.#resolveOver()
  }
}

const ignore = (): void => {}

/** A destroyed stream emits no drain event, only close. */
function waitForDrain(stream: PassThrough, resume: () => void): void {
  if (!stream.writableNeedDrain || stream.destroyed) return resume()
  const ready = () => {
    stream.removeListener('drain', ready)
    stream.removeListener('close', ready)
    resume()
  }
  stream.once('drain', ready)
  stream.once('close', ready)
}
