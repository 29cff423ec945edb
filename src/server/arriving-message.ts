// A message that arrives by DATA, or by BDAT in chunks: the stream that the hook reads, what can interrupt it, and when it is over. Bare CR
// and LF pass through to message/newlines.ts, however the message arrives.

import { PassThrough, type Readable } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import type { OctetTarget } from './command-stream.ts'
import { createDataPace } from './data-pace.ts'
import { type InterruptionKind, MessageInterrupted } from './interruption.ts'
import type { ServerLimits } from './server-limits.ts'

/** At this multiple of the size limit the session ends: reading on would cost bandwidth and bring nothing. */
export const FLOOD_FACTOR = 2

export interface ArrivingMessage extends OctetTarget {
  readonly stream: Readable
  /** Octets received so far. */
  readonly octets: number
  /** Why the message is incomplete; null if it is not. */
  readonly interruption: () => InterruptionKind | null
  /** True when the end of the message was read. */
  readonly complete: () => boolean
  /** Resolves at the end of the message or at `cut`. A message by DATA that is too large is read to its end first. */
  readonly over: Promise<void>
  /** The end of the message was read. */
  readonly end: () => void
  /** Reads and drops the rest of the message. */
  readonly discard: () => void
  /** Ends the message at once, because its transaction or the connection ends. Has no effect after the end of the message. */
  readonly cut: (kind: InterruptionKind) => void
  /**
   * True if the client is too slow. Each call measures the time since the last one.
   * @param isServersTurn true if the client waits for a reply
   */
  readonly tooSlow: (pressure: number, isServersTurn: boolean) => boolean
}

export interface ArrivalParts {
  readonly limits: ServerLimits
  readonly clock: Pick<Clock, 'monotonic'>
  /** Called once if the message exceeds the size limit by far. */
  readonly onFlood: () => void
}

export function createArrivingMessage({ limits, clock, onFlood }: ArrivalParts): ArrivingMessage {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const stream = new PassThrough()
  const pace = createDataPace(limits, clock)
  let interruption: InterruptionKind | null = null
  let complete = false
  let isOver = false
  let octets = 0
  let isFlood = false
  // The reader of the stream gets the error too. Without a listener here an unread stream would end the process.
  stream.on('error', () => {})
  const interrupt = (kind: InterruptionKind) => {
    interruption ??= kind
    if (!stream.destroyed) stream.destroy(new MessageInterrupted(interruption))
  }
  const finish = () => {
    isOver = true
    resolve()
  }
  const count = (length: number) => {
    octets += length
    if (octets > limits.messageSize) interrupt('too-large')
    if (isFlood || octets <= limits.messageSize * FLOOD_FACTOR) return
    isFlood = true
    onFlood()
  }
  return {
    stream,
    get octets() {
      return octets
    },
    write: (content) => {
      count(content.length)
      return !stream.writable || stream.write(content)
    },
    whenReady: (resume) => waitForDrain(stream, resume),
    interruption: () => interruption,
    complete: () => complete,
    over,
    end: () => {
      complete = true
      stream.end()
      finish()
    },
    discard: () => {
      if (!complete && !stream.destroyed) stream.destroy()
    },
    cut: (kind) => {
      if (complete) return
      interrupt(kind)
      finish()
    },
    tooSlow: (pressure, isServersTurn) =>
      !isOver && pace.tooSlow(octets, isServersTurn || stream.writableNeedDrain, pressure),
  }
}

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
