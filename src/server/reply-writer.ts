// Writes to a client's socket: replies of one turn of the event loop leave in one write, so pipelined commands cost one packet.

import type { Socket } from 'node:net'

/** Characters that may wait; from there on they are the socket's, which says when the client reads too slowly. */
const MAX_WAITING = 16 * 1024

export interface ReplyWriter {
  /** Queues text; it leaves before the next I/O. Does nothing on a socket that cannot be written. */
  write(text: string): void
  /** Sends what is queued now: before a handshake takes the socket over, and before the socket is ended. */
  flush(): void
}

/** @param current the socket of this moment, or null while nothing may be said (during a handshake, after the end) */
export function createReplyWriter(current: () => Socket | null): ReplyWriter {
  let waiting = ''
  let target: Socket | null = null
  const flush = () => {
    const [socket, text] = [target, waiting]
    target = null
    waiting = ''
    if (socket && text !== '' && socket.writable) socket.write(text)
  }
  return {
    write: (text) => {
      const socket = current()
      if (!socket || socket.destroyed || !socket.writable) return
      if (target === null) process.nextTick(flush)
      target = socket
      waiting += text
      if (waiting.length > MAX_WAITING) flush()
    },
    flush,
  }
}
