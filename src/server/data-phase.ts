// One DATA between 354 and the end of data: the stream that the hook reads, what can interrupt it, and when it is over. data-framing.ts
// finds the end and removes stuffed dots; bare CR and LF pass through to message/newlines.ts.

import type { Readable } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import type { CommandStream } from './command-stream.ts'
import { createDataPace } from './data-pace.ts'
import { type InterruptionKind, MessageInterrupted } from './interruption.ts'
import type { ServerLimits } from './server-limits.ts'

/** At this multiple of the size limit the session ends: reading on would cost bandwidth and bring nothing. */
const FLOOD_FACTOR = 2

export interface DataPhase {
  readonly stream: Readable
  /** Why the message is incomplete; null if it is not. */
  readonly interruption: () => InterruptionKind | null
  /** True when the end of data was read. */
  readonly complete: () => boolean
  /** Resolves at the end of data or at `cut`. An oversized message is read to its end first. */
  readonly over: Promise<void>
  /** Reads and drops the rest of the message. */
  readonly discard: () => void
  /** Ends the phase at once, because the connection ends. Has no effect after the end of data. */
  readonly cut: (kind: InterruptionKind) => void
  /** True if the client is too slow. Each call measures the time since the last one. */
  readonly tooSlow: (pressure: number) => boolean
}

export interface DataPhaseParts {
  readonly limits: ServerLimits
  readonly clock: Pick<Clock, 'monotonic'>
  /** Called once if the message exceeds the size limit by far. */
  readonly onFlood: () => void
}

/** Switches the parser to data. */
export function openDataPhase(parser: CommandStream, { limits, clock, onFlood }: DataPhaseParts): DataPhase {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const stream = parser.startDataMode(limits.messageSize)
  const pace = createDataPace(limits, clock)
  let interruption: InterruptionKind | null = null
  let complete = false
  // The reader of the stream gets the error too. Without a listener here an unread stream would end the process.
  stream.on('error', () => {})
  const interrupt = (kind: InterruptionKind) => {
    interruption ??= kind
    if (!stream.destroyed) stream.destroy(new MessageInterrupted(interruption))
  }
  parser.onDataOctets = (octets) => {
    if (octets > limits.messageSize) interrupt('too-large')
    if (octets > limits.messageSize * FLOOD_FACTOR) {
      parser.onDataOctets = () => {}
      onFlood()
    }
  }
  parser.onDataEnd = () => {
    complete = true
    parser.onDataEnd = () => {}
    parser.onDataOctets = () => {}
    resolve()
  }
  return {
    stream,
    interruption: () => interruption,
    complete: () => complete,
    over,
    discard: () => {
      if (!complete && !stream.destroyed) stream.destroy()
    },
    cut: (kind) => {
      if (complete) return
      interrupt(kind)
      resolve()
    },
    tooSlow: (pressure) => !complete && pace.tooSlow(parser.dataBytes, stream.writableNeedDrain, pressure),
  }
}
