// An HTTPS listener for strangers: connections, requests and their sizes are limited, and slow clients are disconnected. It decides nothing
// about the pages.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createAdmission } from '../budget/admit-connection.ts'
import type { Pool } from '../budget/pool.ts'
import type { Rate } from '../budget/rate.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { type Page, plainPage, readBody, sendPage } from '../lib/http-page.ts'
import { clientNetwork, plainAddress } from '../lib/ip-address.ts'
import type { Log } from '../lib/log.ts'
import { createServerCertificates } from './server-certificates.ts'
import { type TlsMaterial, tlsOptions } from './tls-material.ts'

export interface HttpsRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  /** The Host field in lower case, with the port; empty if there is none. */
  readonly authority: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Of the client. */
  readonly ip: string
}

export interface HttpsListenerSettings {
  readonly host: string
  readonly port: number
  /** The key of the configuration, for messages. */
  readonly key: string
}

export interface HttpsListenerPorts {
  readonly certificate: Current<TlsMaterial | null>
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'bug'>
  readonly connections: Pool
  /** By network of the client. */
  readonly requests: Rate
  /** A rejection is a bug: it is logged, and the client gets 500. */
  readonly answer: (request: HttpsRequest) => Promise<Page>
}

export interface HttpsListener {
  readonly port: number
  /** Uses the certificates of a reload. Null, or why they cannot be used: then the old ones stay. */
  updateTls(): string | null
  /** Takes no more requests, and waits some seconds for those that run. */
  close(): Promise<void>
}

const MAX_HEADER = 16 * 1024
/** A program or a browser sends a request at once; slower clients are disconnected, ms. */
const REQUEST_MS = 10_000
/** How often Node looks for slow requests, ms. */
const CHECK_MS = 1000
const REQUESTS_OF_CONNECTION = 20
const RETRY_AFTER_S = '60'
/** A password is hashed and written within this time, ms. */
const DRAIN_MS = 5000

/** Rejects if the address cannot be bound, or the node has no certificate. */
export async function startHttpsListener(
  settings: HttpsListenerSettings,
  ports: HttpsListenerPorts,
): Promise<HttpsListener> {
  const material = () => {
    const { value } = ports.certificate
    if (!value) throw new Error(`${settings.key} needs a certificate (tls)`)
    return value
  }
  let certificates = createServerCertificates(material())
  const running = createRunning(ports.clock)
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
    (request, response) => void running.add(serve(request, response, { settings, ports })),
  )
  server.maxRequestsPerSocket = REQUESTS_OF_CONNECTION
  const front = createTcpServer(createAdmission(server, ports.connections))
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
    close: async () => {
      const closed = new Promise<void>((resolve) => front.close(() => resolve()))
      await running.ended(DRAIN_MS)
      server.closeAllConnections()
      await closed
    },
  }
}

/** The requests that are being answered. */
function createRunning(clock: Pick<Clock, 'after'>) {
  const all = new Set<Promise<void>>()
  return {
    add: (one: Promise<void>) => {
      all.add(one)
      return one.finally(() => all.delete(one))
    },
    ended: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = clock.after(ms, resolve)
        void Promise.allSettled(all).then(() => {
          timer.cancel()
          resolve()
        })
      }),
  }
}

interface Context {
  readonly settings: HttpsListenerSettings
  readonly ports: HttpsListenerPorts
}

async function serve(request: IncomingMessage, response: ServerResponse, { settings, ports }: Context): Promise<void> {
  try {
    const ip = plainAddress(request.socket.remoteAddress ?? '')
    if (!ports.requests.take(clientNetwork(ip)))
      return sendPage(request, response, plainPage(429, 'Too many requests', { 'retry-after': RETRY_AFTER_S }))
    const body = await readBody(request)
    if (body === null)
      return sendPage(request, response, plainPage(413, 'The request is too large', { connection: 'close' }))
    const { method = '', url = '', headers } = request
    const authority = (headers.host ?? '').toLowerCase()
    sendPage(request, response, await ports.answer({ method, url, authority, headers, body, ip }))
  } catch (error) {
    if (request.destroyed && !request.complete) return
    ports.log.bug(error, `a request to ${settings.key}`)
    sendPage(request, response, plainPage(500, 'Internal error'))
  }
}
