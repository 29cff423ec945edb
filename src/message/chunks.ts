// Reads a stream chunk by chunk on demand. The iterator of a Node stream needs a dozen more promises and listeners for each message, which
// is a measurable part of the cost of a small message, and it destroys the stream at the end, which the server still needs.

import type { Readable } from 'node:stream'

export interface Chunks {
  /** All octets available, after a wait if there are none; null at the end or once the stream is destroyed. Rejects with the stream's error. */
  next(): Promise<Buffer | null>
  /** Removes the listeners from the stream. */
  close(): void
}

/** @param stream a stream of octets without another reader */
export function openChunks(stream: Readable): Chunks {
  let wake: (() => void) | null = null
  const wakeReader = () => {
    wake?.()
    wake = null
  }
  const events = ['readable', 'end', 'error', 'close'] as const
  for (const event of events) stream.on(event, wakeReader)
  return {
    next: async () => {
      for (;;) {
        if (stream.errored) throw stream.errored
        const chunk = stream.read() as Buffer | null
        if (chunk !== null) return chunk
        // The read itself can fail.
        if (stream.errored) throw stream.errored
        if (stream.readableEnded || stream.destroyed) return null
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    close: () => {
      for (const event of events) stream.removeListener(event, wakeReader)
    },
  }
}
