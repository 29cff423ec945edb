// Reads a stream chunk by chunk, as far as it is asked. A stream's own iterator does the same with a dozen promises and listeners more for each
// message, which is a noticeable part of what a small mail costs; and it destroys the stream behind it, which the server still needs.

import type { Readable } from 'node:stream'

export interface Chunks {
  /** All octets that are there, waiting for some if need be; null at the end, or once the stream is destroyed. Rejects with its error. */
  next(): Promise<Buffer | null>
  /** Lets go of the stream. */
  close(): void
}

/** @param stream of octets, which nobody else reads */
export function openChunks(stream: Readable): Chunks {
  let wake: (() => void) | null = null
  const ring = () => {
    wake?.()
    wake = null
  }
  const events = ['readable', 'end', 'error', 'close'] as const
  for (const event of events) stream.on(event, ring)
  return {
    next: async () => {
      for (;;) {
        if (stream.errored) throw stream.errored
        const chunk = stream.read() as Buffer | null
        if (chunk !== null) return chunk
        if (stream.readableEnded || stream.destroyed) return null
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    close: () => {
      for (const event of events) stream.removeListener(event, ring)
    },
  }
}
