// The HTTPS listener for mail programs. Strangers use it, so connections, requests and their sizes are limited.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { Pool } from '../budget/pool.ts'
import type { Rate } from '../budget/rate.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { plainPage, sendPage } from '../lib/http-page.ts'
import { clientNetwork, plainAddress } from '../lib/ip-address.ts'
import type { Log } from '../lib/log.ts'
import { createServerCertificates } from '../server/server-certificates.ts'
import { type TlsMaterial, tlsOptions } from '../server/tls-material.ts'
import { type AnswerParts, answerRequest } from './answer-request.ts'
import type { MailService } from './mail-service.ts'

export interface ClientHttpsSettings {
  readonly host: string
  readonly port: number
  /** The name of this service in links. */
  readonly httpsHost: string
  readonly service: MailService
}

export interface ClientHttpsPorts {
  readonly certificate: Current<TlsMaterial | null>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'bug' | 'warn'>
  /** Budget `clientConnections`. */
  readonly connections: Pool
  /** Budget `clientRequests`. */
  readonly requests: Rate
}

export interface ClientHttps {
  readonly port: number
  /** Uses the certificates of a reload. Null, or why they cannot be used: then the old ones stay. */
  updateTls(): string | null
  close(): Promise<void>
}

/** Requests are a few hundred octets. */
const MAX_BODY = 16 * 1024
const MAX_HEADER = 16 * 1024
/** A mail program asks at once; slower clients are disconnected, ms. */
const REQUEST_MS = 10_000
/** How often Node looks for slow requests, ms. */
const CHECK_MS = 1000
const REQUESTS_OF_CONNECTION = 20
const RETRY_AFTER_S = '60'

/** Rejects if the address cannot be bound, or the node has no certificate. */
export async function startClientHttps(settings: ClientHttpsSettings, ports: ClientHttpsPorts): Promise<ClientHttps> {
  const material = () => {
    const { value } = ports.certificate
    if (!value) throw new Error('autoconfig.listen needs a certificate (tls)')
    return value
  }
  let certificates = createServerCertificates(material())
  const server = createServer(
    {
      ...tlsOptions(material(), [material()]),
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      maxHeaderSize: MAX_HEADER,
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      handshakeTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    (request, response) => void serve(request, response, { settings, ports }),
  )
  server.maxRequestsPerSocket = REQUESTS_OF_CONNECTION
  const front = createTcpServer((socket) => admit(socket, server, ports.connections))
  await new Promise<void>((resolve, reject) => {
    front.once('error', reject)
    front.listen({ host: settings.host, port: settings.port }, resolve)
  })
  // Errors from now on concern one connection, which Node closes.
  front.removeAllListeners('error').on('error', () => undefined)
  return {
    port: (front.address() as AddressInfo).port,
    updateTls: () => {
      try {
        const wanted = createServerCertificates(material())
        server.setSecureContext(tlsOptions(material(), [material()]))
        certificates = wanted
        return null
      } catch (error) {
        return (error as Error).message
      }
    },
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A connection without a place is closed: the client tries again, or shows the settings by hand. */
function admit(socket: Socket, server: Server, connections: Pool): void {
  socket.on('error', () => undefined)
  const ip = plainAddress(socket.remoteAddress ?? '')
  const place = ip === '' ? null : connections.take({ purpose: 'internet', ip })
  if (place?.kind !== 'lease') return void socket.destroy()
  socket.once('close', () => place.release())
  server.emit('connection', socket)
}

interface Context {
  readonly settings: ClientHttpsSettings
  readonly ports: ClientHttpsPorts
}

async function serve(request: IncomingMessage, response: ServerResponse, { settings, ports }: Context): Promise<void> {
  try {
    const ip = plainAddress(request.socket.remoteAddress ?? '')
    if (!ports.requests.take(clientNetwork(ip)))
      return sendPage(request, response, plainPage(429, 'Too many requests', { 'retry-after': RETRY_AFTER_S }))
    const body = await readBody(request)
    if (body === null)
      return sendPage(request, response, plainPage(413, 'The request is too large', { connection: 'close' }))
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
    const { method = '', url = '' } = request
    sendPage(request, response, await answerRequest(partsOf(settings, ports), { method, url, host, body }))
  } catch (error) {
    if (request.destroyed && !request.complete) return
    ports.log.bug(error, 'client configuration')
    sendPage(request, response, plainPage(500, 'Internal error'))
  }
}

function partsOf(
  { service, httpsHost }: ClientHttpsSettings,
  { certificate, clock, log }: ClientHttpsPorts,
): AnswerParts {
  const { value } = certificate
  const sign = async (profile: string): Promise<Buffer> => {
    if (value === null) return Buffer.from(profile)
    try {
      // Few nodes sign profiles, and the library takes 0.1 s to load.
      const { signProfile } = await import('./sign-profile.ts')
      return await signProfile(profile, value, new Date(clock.now()))
    } catch (error) {
      // An unsigned profile works too: the device says that it is not verified.
      log.warn({ cause: (error as Error).message }, 'a profile cannot be signed')
      return Buffer.from(profile)
    }
  }
  return { service, httpsHost, sign, now: clock.now }
}

/** Null if it is too large. What says so is not read, because the reply to a broken-off request may be lost. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return null
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
