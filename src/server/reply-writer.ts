// Writes to a client's socket: replies of one turn of the event loop leave in one write, so pipelined commands cost one packet.

import type { Socket } from 'node:net'

export interface ReplyWriter {
  /** Queues text; it leaves before the next I/O. Does nothing on a socket that cannot be written. */
  write(text: string): void
  /** Sends what is queued now: before a handshake takes the socket over. */
  flush(): void
}

/** @param current the socket of this moment, or null while nothing may be said (during a handshake, after the end) */
export function createReplyWriter(current: () => Socket | null): ReplyWriter {
  let corked: Socket | null = null
  const flush = () => {
    corked?.uncork()
    corked = null
  }
  return {
    write: (text) => {
      const socket = current()
      if (!socket || socket.destroyed || !socket.writable) return
      if (!corked) {
        corked = socket
        socket.cork()
        process.nextTick(flush)
      }
      socket.write(text)
    },
    flush,
  }
}
