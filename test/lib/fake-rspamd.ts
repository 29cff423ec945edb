// A rspamd for tests: node:http on a loopback port or a unix socket, with an answer that the test may change at any time.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface AskedRspamd {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Every value of the field, in order. */
  readonly recipients: readonly string[]
  readonly body: Buffer
  /** Which connection it came by, from 1. */
  readonly connection: number
}

/** What is answered: an object as JSON, or by hand. */
export type FakeAnswer = object | ((request: IncomingMessage, response: ServerResponse) => void)

export interface FakeRspamd {
  readonly url: string
  readonly asked: AskedRspamd[]
  answer: FakeAnswer
  /** Closes the idle connections from this side. */
  dropIdle(): void
  close(): Promise<void>
}

export const clean = { action: 'no action', score: 0.1, required_score: 15, symbols: {} } as const

/** An answer of rspamd 3 with this action and score. */
export function scanned(action: string, score: number, more: object = {}): object {
  return { ...clean, action, score, symbols: { BAYES_SPAM: { name: 'BAYES_SPAM', score, options: ['99%'] } }, ...more }
}

/** Starts one; without a socket path on a free port of 127.0.0.1. */
export async function startFakeRspamd(answer: FakeAnswer = clean, socket: string | null = null): Promise<FakeRspamd> {
  const connections = new Map<unknown, number>()
  const server = createServer((request, response) => void serve(request, response))
  server.on('connection', (one) => connections.set(one, connections.size + 1))
  await new Promise<void>((resolve) =>
    socket === null ? server.listen(0, '127.0.0.1', resolve) : server.listen(socket, resolve),
  )
  const fake: FakeRspamd = {
    url: socket === null ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${socket}`,
    asked: [],
    answer,
    dropIdle: () => server.closeIdleConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/ping') return response.end('pong\r\n')
    const { answer: how } = fake
    if (typeof how === 'function') return how(request, response)
    fake.asked.push({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      recipients: request.headersDistinct['rcpt'] ?? [],
      body: await buffer(request),
      connection: connections.get(request.socket) ?? 0,
    })
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(how))
  }
  return fake
}
