// The HTTP listener for operators: /metrics and /healthz, read only and without a login, and the status page if there is one. It listens on
// a loopback address or a Unix socket unless the configuration permits another address.

import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket, type TlsOptions } from 'node:tls'
import { type Page, plainPage, readBody, sendPage } from '../lib/http-page.ts'
import { isLoopbackAddress, plainAddress } from '../lib/ip-address.ts'
import { printable } from '../lib/printable.ts'
import type { HealthReport } from '../observe/health-report.ts'

export interface AdminSettings {
  /** IP address to bind. */
  readonly host: string
  /** 0 means any free port. */
  readonly port: number
  /** Permits an address that other hosts can reach. */
  readonly allowRemote: boolean
  /** Time limit of a request, ms; 10 s by default. */
  readonly requestMs?: number
  /** TLS of the listener; cleartext if absent. */
  readonly tls?: () => TlsOptions
}

/** A request to the status page. */
export interface PageRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  /** The Host field in lower case, with the port; empty if there is none. */
  readonly authority: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Of the client; null for a Unix socket. */
  readonly ip: string | null
  /** SHA-256 of the client's certificate, lower-case hexadecimal; null without one. The client has its key. */
  readonly certificate: string | null
}

export interface AdminSources {
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  health(): Promise<HealthReport>
  /** The status page; absent without `admin.login`. A rejection is a bug: it is logged, and the client gets 500. */
  readonly page?: (request: PageRequest) => Promise<Page>
  /** An unexpected error during a request. */
  bug(error: unknown, context: string): void
}

export type AdminStart =
  | {
      readonly kind: 'listening'
      readonly port: number
      /** Uses the certificates of a reload. Null, or why they cannot be used: then the old ones stay. */
      updateTls(): string | null
      close(): Promise<void>
    }
  | { readonly kind: 'refused'; readonly problem: string; readonly cause?: Error }

/** A request of a probe is one packet; slower clients are disconnected. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node checks for slow requests, ms; its default of 30 s would extend the limit of 10 s to 40 s. */
const TIMEOUT_CHECK_MS = 1000
/** Monitoring and a few browsers need only a few connections. */
const MAX_CONNECTIONS = 100

/** Starts to listen; `refused` if the address is not permitted or cannot be bound. */
export function startAdmin(settings: AdminSettings, sources: AdminSources): Promise<AdminStart> {
  if (!settings.allowRemote && !isLoopbackAddress(settings.host)) {
    return Promise.resolve({
      kind: 'refused',
      problem: `${settings.host} is not a loopback address; set admin.allow_remote to permit it`,
    })
  }
  return listen(settings, sources, (server, done) => {
    server.listen({ host: settings.host, port: settings.port }, done)
  })
}

/** Starts to listen on a Unix socket. @param bind binds the server, and rejects if the path cannot be bound */
export function startAdminSocket(bind: (server: Server) => Promise<void>, sources: AdminSources): Promise<AdminStart> {
  return listen({ isSocket: true }, sources, (server, done, failed) => void bind(server).then(done, failed))
}

interface ListenSettings extends Pick<AdminSettings, 'requestMs' | 'tls'> {
  /** A Unix socket. */
  readonly isSocket?: boolean
}

type Bind = (server: Server, done: () => void, failed: (error: Error) => void) => void

function listen(
  { requestMs = REQUEST_TIMEOUT_MS, tls, isSocket = false }: ListenSettings,
  sources: AdminSources,
  bind: Bind,
): Promise<AdminStart> {
  const options = {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  }
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    void respond(request, response, { sources, isSocket })
  const secure = tls && createTlsServer({ ...options, ...tls(), handshakeTimeout: requestMs }, serve)
  const server = secure ?? createServer(options, serve)
  server.maxConnections = MAX_CONNECTIONS
  return new Promise((resolve) => {
    const refuse = (error: Error) => resolve({ kind: 'refused', problem: error.message, cause: error })
    server.once('error', refuse)
    const done = () => {
      // Errors from now on concern one connection, which Node closes.
      server.removeAllListeners('error').on('error', () => undefined)
      const address = server.address() as AddressInfo | string | null
      const port = address === null || typeof address === 'string' ? 0 : address.port
      const updateTls = () => {
        try {
          if (secure && tls) secure.setSecureContext(tls())
          return null
        } catch (error) {
          return (error as Error).message
        }
      }
      resolve({ kind: 'listening', port, updateTls, close: () => close(server) })
    }
    bind(server, done, refuse)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

interface Served {
  readonly sources: AdminSources
  readonly isSocket: boolean
}

async function respond(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { sources } = served
  const page = await answer(request, served).catch((error: unknown) => {
    // A client that broke off its request is no bug.
    if (!request.destroyed || request.complete) sources.bug(error, `admin ${request.url}`)
    return plainPage(500, 'Internal error')
  })
  try {
    sendPage(request, response, page)
  } catch (error) {
    sources.bug(error, 'admin response')
  }
}

async function answer(request: IncomingMessage, { sources, isSocket }: Served): Promise<Page> {
  const path = (request.url ?? '').split('?', 1)[0]
  if (path !== '/metrics' && path !== '/healthz') {
    if (!sources.page) return plainPage(404, 'Not found')
    const body = await readBody(request)
    if (body === null) return plainPage(413, 'The request is too large', { connection: 'close' })
    return sources.page(pageRequest(request, { body, isSocket }))
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plainPage(405, 'Method not allowed', { allow: 'GET, HEAD' })
  }
  if (path === '/healthz') return healthPage(await sources.health())
  const { contentType, text } = await sources.metrics()
  return { status: 200, contentType, content: text }
}

function pageRequest(
  request: IncomingMessage,
  { body, isSocket }: Pick<PageRequest, 'body'> & Pick<Served, 'isSocket'>,
): PageRequest {
  const { method = '', url = '', headers, socket } = request
  // Empty without a certificate. TLS has proven the key; the list of operators decides about the certificate.
  const print =
    socket instanceof TLSSocket ? (socket.getPeerCertificate().fingerprint256 as string | undefined) : undefined
  return {
    method,
    url,
    authority: (headers.host ?? '').toLowerCase(),
    headers,
    body,
    // A client that has disconnected has no address any more, and is no client of a Unix socket for it.
    ip: isSocket ? null : plainAddress(socket.remoteAddress ?? ''),
    certificate: print === undefined ? null : print.replaceAll(':', '').toLowerCase(),
  }
}

/** A degraded node still accepts mail: only a failing one answers 503. */
function healthPage(report: HealthReport): Page {
  return {
    status: report.kind === 'failing' ? 503 : 200,
    contentType: 'application/json',
    // Causes have texts of other programs, and curl prints to a terminal.
    content: `${printable(JSON.stringify(report))}\n`,
  }
}
