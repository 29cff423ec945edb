// A controller of rspamd for tests, on a bare socket: rspamd writes answers that no HTTP library would write. The answers are those of
// rspamd 3.4.

import { type AddressInfo, createServer, type Socket } from 'node:net'

interface AskedController {
  /** `POST /learnspam`. */
  readonly command: string
  readonly header: string
  readonly body: Buffer
}

export interface FakeController {
  readonly url: string
  readonly asked: AskedController[]
  /** The messages that it was asked to learn. */
  learned(): AskedController[]
  /** What /stat answers. */
  stat: string
  /** What the others answer. */
  answer: string
  close(): Promise<void>
}

/** An answer with rspamd's status line; the body is always there, also with 204. */
export function answer(status: number, reason: string, body: object = { error: reason }): string {
  const text = JSON.stringify(body)
  const header = `Connection: close\r\nServer: rspamd/3.4\r\nContent-Length: ${text.length}\r\nContent-Type: application/json`
  return `HTTP/1.1 ${status} ${reason}\r\n${header}\r\n\r\n${text}`
}

const success = answer(200, 'OK', { success: true })
export const unauthorized = answer(401, 'Unauthorized')
const withClassifier = answer(200, 'OK', { statfiles: [{ symbol: 'BAYES_SPAM' }, { symbol: 'BAYES_HAM' }] })
export const withoutClassifier = answer(200, 'OK', { statfiles: [] })

/** Starts one on a free port of 127.0.0.1. It has a classifier and learns everything. */
export async function startFakeController(): Promise<FakeController> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => serve(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeController = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    learned: () => fake.asked.filter(({ command }) => command.startsWith('POST ')),
    stat: withClassifier,
    answer: success,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  const serve = (socket: Socket) => {
    sockets.add(socket)
    let octets = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      octets = Buffer.concat([octets, chunk])
      const asked = readRequest(octets)
      if (!asked) return
      fake.asked.push(asked)
      socket.end(asked.command === 'GET /stat' ? fake.stat : fake.answer)
    })
  }
  return fake
}

/** Null until the request is complete. */
function readRequest(octets: Buffer): AskedController | null {
  const end = octets.indexOf('\r\n\r\n')
  if (end < 0) return null
  const header = octets.toString('latin1', 0, end)
  const size = Number(/^content-length: (\d+)/im.exec(header)?.[1] ?? 0)
  const body = octets.subarray(end + 4)
  return body.length < size ? null : { command: header.replace(/ HTTP[\s\S]*/, ''), header, body }
}
