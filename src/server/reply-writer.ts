// Writes replies to the client's socket: those of one turn of the event loop in one write, so the replies to pipelined commands need one
// packet.

import type { Socket } from 'node:net'

/** Characters buffered here. More go to the socket at once, which reports a client that reads too slowly. */
const MAX_BUFFERED = 16 * 1024

export interface ReplyWriter {
  /** Buffers text; it is sent before the next I/O. Has no effect on a socket that is not writable. */
  write(text: string): void
  /** Sends the buffered text now: before a TLS handshake, and before the socket ends. */
  flush(): void
}

/** @param current the current socket, or null while no reply may be sent (during a handshake, after the end) */
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
      if (waiting.length > MAX_BUFFERED) flush()
    },
    flush,
  }
}
