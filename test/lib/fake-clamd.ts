// A clamd for tests: a loopback port or a Unix socket, with an answer that the test may change at any time.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A text is the reply to a whole message. A function gets the connection after the command, and does what it likes. */
export type FakeVerdict = string | ((socket: Socket) => void)

export interface FakeClamd {
  /** As in `clamav.servers`. */
  readonly name: string
  /** The messages that arrived whole. */
  readonly messages: Buffer[]
  /** Commands so far. */
  readonly commands: string[]
  verdict: FakeVerdict
  /** The reply to PING; null for silence. */
  pong: string | null
  version: string
  /** Octets of the largest first chunk that it takes. */
  limit: number
  close(): Promise<void>
}

/** @param socket path of a Unix socket; null for a port */
export async function startFakeClamd(verdict: FakeVerdict = 'stream: OK', socket: string | null = null) {
  const open = new Set<Socket>()
  const server = createServer((connection) => {
    open.add(connection)
    connection.on('close', () => open.delete(connection)).on('error', () => undefined)
    serve(connection, fake)
  })
  server.listen(socket === null ? { port: 0, host: '127.0.0.1' } : { path: socket })
  await once(server, 'listening')
  const name = socket === null ? `127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${socket}`
  const fake: FakeClamd = {
    name,
    messages: [],
    commands: [],
    verdict,
    pong: 'PONG',
    version: 'ClamAV 1.4.3',
    limit: Number.POSITIVE_INFINITY,
    close: async () => {
      for (const one of open) one.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
  return fake
}

/** Reads one command, and the frames of INSTREAM: a length of four octets before each chunk, zero at the end (clamd(8)). */
function serve(connection: Socket, fake: FakeClamd): void {
  let received = Buffer.alloc(0)
  let command: string | null = null
  const read = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (command === null) {
      const end = received.indexOf(0)
      if (end < 0) return
      command = received.subarray(0, end).toString()
      received = received.subarray(end + 1)
      fake.commands.push(command)
      if (command === 'zPING') return void (fake.pong !== null && connection.end(`${fake.pong}\0`))
      if (command === 'zVERSION') return void connection.end(`${fake.version}\0`)
      if (typeof fake.verdict === 'function') {
        connection.off('data', read)
        if (received.length > 0) connection.unshift(received)
        return fake.verdict(connection)
      }
    }
    if (received.length >= 4 && received.readUInt32BE(0) > fake.limit)
      return void connection.end('INSTREAM size limit exceeded. ERROR\0')
    const message = unframed(received)
    if (message === null) return
    fake.messages.push(message)
    connection.end(`${String(fake.verdict)}\0`)
  }
  connection.on('data', read)
}

/** The message in whole frames; null before the frame of length zero. */
function unframed(octets: Buffer): Buffer | null {
  const chunks: Buffer[] = []
  for (let at = 0; at + 4 <= octets.length; ) {
    const length = octets.readUInt32BE(at)
    if (length === 0) return at + 4 === octets.length ? Buffer.concat(chunks) : null
    chunks.push(octets.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return null
}
