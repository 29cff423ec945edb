// HTTPS servers for tests: the hosts `mta-sts.DOMAIN` with their policies, or with what goes wrong.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { Authority, Issued } from '../../src/demo/ca.ts'

export interface PolicyAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Sends the head and some of the body, and then nothing. */
  readonly stalls?: boolean
  /** Sends the head, and then a line every now and then without end. */
  readonly drips?: boolean
  /** Closes the connection before an answer. */
  readonly closes?: boolean
}

export interface PolicyServer {
  readonly host: string
  readonly port: number
  /** By host name: the text of a policy, or an answer. Others get 404. */
  readonly answers: Map<string, string | PolicyAnswer>
  /** Certificates by host name, in place of the right ones. */
  readonly certificates: Map<string, Issued>
  /** `GET host path` of each request. */
  readonly requests: readonly string[]
  /** Bodies of POST requests, by host and path. */
  readonly posts: Map<string, Buffer>
  close(): Promise<void>
}

export async function startPolicyServer(
  ca: Authority,
  at: { readonly host?: string; readonly port?: number } = {},
): Promise<PolicyServer> {
  const answers = new Map<string, string | PolicyAnswer>()
  const certificates = new Map<string, Issued>()
  const requests: string[] = []
  const posts = new Map<string, Buffer>()
  const open = new Set<Socket>()
  const contextFor = (name: string) => {
    const { certificate: cert, key } = certificates.get(name) ?? ca.issue({ names: [name] })
    return createSecureContext({ cert, key })
  }
  const fallback = ca.issue({ names: ['no-name.test'] })
  const keep = async (request: IncomingMessage, name: string) => {
    posts.set(name, Buffer.concat((await request.toArray()) as Buffer[]))
  }
  const server = createServer(
    { cert: fallback.certificate, key: fallback.key, SNICallback: (name, done) => done(null, contextFor(name)) },
    (request, response) => {
      const host = (request.headers.host ?? '').replace(/:\d+$/, '')
      requests.push(`${request.method} ${host} ${request.url}`)
      if (request.method === 'POST') void keep(request, `${host}${request.url}`)
      const found = answers.get(host) ?? { status: 404 }
      const answer: PolicyAnswer = typeof found === 'string' ? { body: found } : found
      if (answer.closes) return void request.socket.destroy()
      response.writeHead(answer.status ?? 200, { 'content-type': 'text/plain', ...answer.headers })
      if (answer.drips) return drip(response)
      if (answer.stalls) return void response.write(answer.body ?? 'version: STSv1\n')
      response.end(answer.body ?? '')
    },
  )
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  // Handshakes that the client breaks off.
  server.on('tlsClientError', () => undefined)
  await listen(server, at)
  const { address, port } = server.address() as AddressInfo
  return {
    host: address,
    port,
    answers,
    certificates,
    requests,
    posts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** Ms between two lines. */
const DRIP_MS = 200

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('mx: mx.example\n'), DRIP_MS)
  response.once('close', () => clearInterval(timer))
}

async function listen(
  server: Server,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}
