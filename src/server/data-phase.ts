// One DATA between 354 and the true end of data: the stream the hook reads, what may cut it short, and when it is over.
// Framing is smtp-server's (only CRLF.CRLF ends, dots un-stuffed); bare CR and LF pass through and are message/'s to judge.

import type { Readable } from 'node:stream'
import type { CommandStream } from './command-stream.ts'
import { createDataPace } from './data-pace.ts'
import { type InterruptionKind, MessageInterrupted } from './interruption.ts'
import type { ServerLimits } from './server-limits.ts'

/** Past this multiple of the size limit we stop reading: waiting for the end would be a gift of bandwidth. */
const FLOOD_FACTOR = 2

export interface DataPhase {
  readonly stream: Readable
  /** Why the message is void, or null while it is not. */
  readonly interruption: () => InterruptionKind | null
  /** True once the end of data was read. */
  readonly complete: () => boolean
  /** Resolves at the end of data, or when the phase was cut. An oversized message is read to its end first. */
  readonly over: Promise<void>
  /** The rest of the message is not wanted: it is read and dropped. */
  readonly discard: () => void
  /** Ends the phase at once: the connection is gone or about to be. Does nothing after the end of data. */
  readonly cut: (kind: InterruptionKind) => void
  /** True if the client has become too slow. */
  readonly tooSlow: (now: number) => boolean
}

/** Switches the parser to data; `flood` is called once if far too much comes. */
export function openDataPhase(parser: CommandStream, limits: ServerLimits, now: number, flood: () => void): DataPhase {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const stream = parser.startDataMode(limits.messageSize)
  const pace = createDataPace(limits, now)
  let interruption: InterruptionKind | null = null
  let complete = false
  // Whoever reads the stream gets the error too; without this listener an unread stream would end the process.
  stream.on('error', () => {})
  const interrupt = (kind: InterruptionKind) => {
    interruption ??= kind
    if (!stream.destroyed) stream.destroy(new MessageInterrupted(interruption))
  }
  parser.onDataOctets = (octets) => {
    if (octets > limits.messageSize) interrupt('too-large')
    if (octets > limits.messageSize * FLOOD_FACTOR) {
      parser.onDataOctets = () => {}
      flood()
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
    tooSlow: (time) => !complete && pace.tooSlow(time, parser.dataBytes, stream.writableNeedDrain),
  }
}
