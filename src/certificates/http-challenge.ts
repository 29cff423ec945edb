// HTTP-01 (RFC 8555 8.3): a listener that runs only during an order and answers only for tokens of that order. Strangers can reach it, so it
// has a budget for connections, short times and small requests.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { createAdmission } from '../budget/admit-connection.ts'
import type { Pool } from '../budget/pool.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { plainPage, sendPage } from '../lib/http-page.ts'
import { AcmeError } from './acme-error.ts'
import type { Challenger } from './challenge.ts'

export interface HttpChallengeSettings {
  readonly host: string
  readonly port: number
}

const PREFIX = '/.well-known/acme-challenge/'
/** The authority asks at once. */
const REQUEST_MS = 5000
const CHECK_MS = 1000
const MAX_HEADER = 8 * 1024

/** @param connections budget `challengeConnections` */
export function createHttpChallenge(settings: HttpChallengeSettings, connections: Pool): Challenger {
  const answers = new Map<string, string>()
  let listening: { readonly front: TcpServer; readonly server: Server } | null = null
  return {
    type: 'http-01',
    show: async (_name, token, authorization) => {
      answers.set(token, authorization)
      listening ??= await listen(settings, { connections, answers })
    },
    hide: async () => {
      answers.clear()
      const open = listening
      listening = null
      if (!open) return
      await new Promise<void>((resolve) => {
        open.front.close(() => resolve())
        open.server.closeAllConnections()
      })
    },
  }
}

async function listen(
  settings: HttpChallengeSettings,
  { connections, answers }: { readonly connections: Pool; readonly answers: ReadonlyMap<string, string> },
) {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER,
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
      keepAlive: false,
    },
    (request, response) => answer(request, response, answers),
  )
  server.maxRequestsPerSocket = 1
  const front = createTcpServer(createAdmission(server, connections))
  try {
    await new Promise<void>((resolve, reject) => {
      front.once('error', reject)
      front.listen({ host: settings.host, port: settings.port }, resolve)
    })
  } catch (error) {
    const { message } = error as Error
    throw new AcmeError(`cannot listen on ${formatEndpoint(settings)} for the challenge: ${message}`)
  }
  // Errors from now on concern one connection, which Node closes.
  front.removeAllListeners('error').on('error', () => undefined)
  return { front, server }
}

function answer(request: IncomingMessage, response: ServerResponse, answers: ReadonlyMap<string, string>): void {
  const { url = '', method = '' } = request
  const token = url.startsWith(PREFIX) ? url.slice(PREFIX.length) : ''
  const found = method === 'GET' || method === 'HEAD' ? answers.get(token) : undefined
  if (found === undefined) return sendPage(request, response, plainPage(404, 'Not found', { connection: 'close' }))
  const headers = { connection: 'close' }
  sendPage(request, response, { status: 200, contentType: 'application/octet-stream', content: found, headers })
}
