// A whole session: commands, DATA and BDAT, once in one segment and once in several. The replies and the messages must be the same.

import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { startTestListener, type TestListener } from '../../lib/test-listener.ts'
import { cut } from '../fuzz-random.ts'
import { type FuzzTarget, type OpenTarget, same } from '../fuzz-target.ts'

const HOST = '127.0.0.1'

export const sessionTarget: FuzzTarget = {
  name: 'sessions',
  holds:
    'No bug is logged and the session ends; replies, calls of hooks and messages are the same in all segments; memory does not grow.',
  most: 6000,
  words: [
    'EHLO c\r\n',
    'HELO c\r\n',
    'MAIL FROM:<a@b.example>\r\n',
    'RCPT TO:<k@example.org>\r\n',
    'DATA\r\n',
    '\r\n.\r\n',
    'BDAT 5\r\nabcde',
    'BDAT 0 LAST\r\n',
    'BDAT 3 LAST\r\nxyz',
    'BDAT 7\r\nQUIT\r\n.',
    'BDAT -1\r\n',
    'BDAT 99999\r\n',
    'RSET\r\n',
    'NOOP\r\n',
    'QUIT\r\n',
    'VRFY a\r\n',
    'HELP\r\n',
    'STARTTLS\r\n',
    'AUTH PLAIN =\r\n',
    '\n',
    '\r',
    '..\r\n',
    'XCLIENT ADDR=203.0.113.7\r\n',
    'XFORWARD ADDR=203.0.113.7\r\n',
    ' SIZE=70000',
    ' BODY=8BITMIME',
    'GET / HTTP/1.1\r\n',
  ],
  open,
}

async function open(): Promise<OpenTarget> {
  const server = await startTestListener({
    settings: { tls: 'none' },
    xclient: [`${HOST}/32`],
    xforward: [`${HOST}/32`],
    client: 1000,
    limits: { messageSize: 4096, softErrors: 100, hardErrors: 100, junkCommands: 20 },
  })
  return {
    run: async (input, random) => {
      const whole = await talk(server, [input])
      const parts = await talk(server, cut(input, random, 6))
      const [first] = server.bugs.splice(0)
      if (first) throw new Error(`a bug was logged: ${first.context}`, { cause: first.error })
      server.notices.length = 0
      same('the calls of hooks', parts.calls, whole.calls)
      same('the messages', parts.messages, whole.messages)
      sameReplies(whole, parts)
      return [...whole.replies.matchAll(/^\d{3}(?= )/gm)].slice(0, 14).join(' ')
    },
    close: () => server.close(),
  }
}

interface Talk {
  readonly replies: string
  /** The connection was reset: replies that the client has not read can be lost. */
  readonly wasReset: boolean
  readonly calls: readonly string[]
  readonly messages: readonly string[]
}

async function talk(server: TestListener, segments: readonly Buffer[]): Promise<Talk> {
  server.calls.length = 0
  server.messages.length = 0
  server.broken.length = 0
  const socket = connect({ host: HOST, port: server.port, allowHalfOpen: true, noDelay: true })
  const received: Buffer[] = []
  let wasReset = false
  socket.on('data', (octets: Buffer) => void received.push(octets))
  socket.on('error', () => {
    wasReset = true
  })
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  socket.once('end', () => socket.destroy())
  await send(socket, segments)
  await closed
  while (server.listener.sessions() > 0) await turn()
  return {
    // The number of a message counts all messages of the listener.
    replies: Buffer.concat(received)
      .toString('latin1')
      .replaceAll(/Queued as \d+/g, 'Queued'),
    wasReset,
    calls: [...server.calls],
    messages: server.messages.map(({ content }) => content.toString('latin1')),
  }
}

async function send(socket: Socket, segments: readonly Buffer[]): Promise<void> {
  for (const segment of segments) {
    if (!socket.writable) return
    if (segment.length > 0) socket.write(segment)
    // The listener is in the same process: it reads the segment in the next turns.
    await turn()
    await turn()
  }
  if (socket.writable) socket.end()
}

function sameReplies(one: Talk, two: Talk): void {
  if (!one.wasReset && !two.wasReset) return same('the replies', two.replies, one.replies)
  const length = Math.min(one.replies.length, two.replies.length)
  same('the replies before a reset', two.replies.slice(0, length), one.replies.slice(0, length))
}
