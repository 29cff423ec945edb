// The HTTP listener for monitoring: /metrics and /healthz, read only. It has no authentication, so it listens on a loopback address unless
// the configuration permits another one.

import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Page, plainPage, sendPage } from '../lib/http-page.ts'
import { isLoopbackAddress } from '../lib/ip-address.ts'
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
}

export interface AdminSources {
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  health(): Promise<HealthReport>
  /** An unexpected error during a request. */
  bug(error: unknown, context: string): void
}

export type AdminStart =
  | { readonly kind: 'listening'; readonly port: number; close(): Promise<void> }
  | { readonly kind: 'refused'; readonly problem: string; readonly cause?: Error }

/** A request of a probe is one packet; slower clients are disconnected. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node checks for slow requests, ms; its default of 30 s would extend the limit of 10 s to 40 s. */
const TIMEOUT_CHECK_MS = 1000
/** Monitoring needs only a few connections. */
const MAX_CONNECTIONS = 100

/** Starts to listen; `refused` if the address is not permitted or cannot be bound. */
export function startAdmin(settings: AdminSettings, sources: AdminSources): Promise<AdminStart> {
  if (!settings.allowRemote && !isLoopbackAddress(settings.host)) {
    return Promise.resolve({
      kind: 'refused',
      problem: `${settings.host} is not a loopback address; set admin.allow_remote to permit it`,
    })
  }
  const requestMs = settings.requestMs ?? REQUEST_TIMEOUT_MS
  const server = createServer(
    { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    (request, response) => {
      answer(request, sources)
        .catch((error: unknown) => {
          sources.bug(error, `admin ${request.url}`)
          return plainPage(500, 'Internal error')
        })
        .then((page) => sendPage(request, response, page))
        .catch((error: unknown) => sources.bug(error, 'admin response'))
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  return listen(server, settings)
}

function listen(server: Server, settings: AdminSettings): Promise<AdminStart> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ kind: 'refused', problem: error.message, cause: error }))
    server.listen({ host: settings.host, port: settings.port }, () => {
      // Errors from now on concern one connection, which Node closes.
      server.removeAllListeners('error').on('error', () => undefined)
      resolve({ kind: 'listening', port: (server.address() as AddressInfo).port, close: () => close(server) })
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function answer(request: IncomingMessage, sources: AdminSources): Promise<Page> {
  const path = (request.url ?? '').split('?', 1)[0]
  if (path !== '/metrics' && path !== '/healthz') return plainPage(404, 'Not found')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plainPage(405, 'Method not allowed', { allow: 'GET, HEAD' })
  }
  if (path === '/healthz') return healthPage(await sources.health())
  const { contentType, text } = await sources.metrics()
  return { status: 200, contentType, content: text }
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
