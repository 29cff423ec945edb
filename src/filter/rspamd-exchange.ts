// One HTTP exchange with rspamd: the request body is streamed, the answer is read up to a limit. Every failure is a return value. The
// caller may repeat the exchange if a kept connection was closed before an answer arrived.

import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import { createOctetList, joinOctets } from '../lib/octet-list.ts'

/** Octets of an answer. Usual answers have some kilobytes; the limit bounds memory. */
export const MAX_ANSWER_OCTETS = 1024 * 1024
/** rspamd runs on this host or near it: a connection that takes longer will not succeed. */
const CONNECT_MS = 3_000
/** The port of an http URL without one. */
const HTTP_PORT = 80

/** Where an rspamd worker listens. */
export interface RspamdEndpoint {
  /** As configured; it begins the cause of a failure. */
  readonly url: string
  readonly target: Pick<RequestOptions, 'host' | 'port' | 'socketPath'>
}

export interface HttpRequest {
  readonly endpoint: RspamdEndpoint
  readonly agent: Agent
  readonly clock: Clock
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  /** Opens the request body; null for a request without one. */
  readonly openBody: (() => Readable) | null
  /** Milliseconds from the connection to the end of the answer's header. */
  readonly limitMs: number
}

export type Exchanged =
  /** `reason` is the text of the status line, in which rspamd explains an error. */
  | { readonly kind: 'answered'; readonly status: number; readonly reason: string; readonly text: string }
  /** `stale`: rspamd closed a kept connection, so a fresh one may work. */
  | { readonly kind: 'failed'; readonly cause: string; readonly stale: boolean }

/** The endpoint of `http://host:port` or `unix:/path`; the configuration checks the form of a URL. */
export function endpointOf(url: string): RspamdEndpoint {
  if (url.startsWith('unix:')) return { url, target: { socketPath: url.slice('unix:'.length) } }
  const { hostname, port } = new URL(url)
  return { url, target: { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? HTTP_PORT : Number(port) } }
}

/** Sends one request and reads its answer. Never rejects. */
export function exchangeHttp(ask: HttpRequest): Promise<Exchanged> {
  return new Promise((resolve) => {
    const { endpoint, agent, clock, method, path, headers, limitMs } = ask
    const request = httpRequest({ ...endpoint.target, agent, method, path, headers })
    const timer = clock.after(limitMs, () => request.destroy(new Error(`no answer within ${limitMs} ms`)))
    const end = (result: Exchanged) => {
      timer.cancel()
      resolve(result)
    }
    let answering = false
    const fail = (error: Error) => {
      // An early answer ends the upload. That is no failure: the answer is read.
      if (answering) return
      const cause = error.message || String(error)
      end(readOddStatus(error) ?? { kind: 'failed', cause, stale: isStale(request, error) })
    }
    limitConnecting(request, clock)
    request.on('error', fail)
    request.on('response', (response) => {
      answering = true
      void readLimited(response).then((text) => {
        end(
          typeof text === 'string'
            ? { kind: 'answered', status: response.statusCode ?? 0, reason: response.statusMessage ?? '', text }
            : { kind: 'failed', cause: text.message, stale: false },
        )
        // rspamd answered before the end of the upload: the rest of the body cannot be sent on this connection.
        if (!request.writableFinished) request.destroy()
      })
    })
    sendBody(request, ask, fail)
  })
}

function sendBody(request: ClientRequest, { openBody }: HttpRequest, fail: (error: Error) => void): void {
  if (openBody === null) request.end()
  else
    pipeline(openBody(), request, (error) => {
      if (error) fail(error)
    })
}

function limitConnecting(request: ClientRequest, clock: Clock): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    const giveUp = () => request.destroy(new Error(`no connection within ${CONNECT_MS} ms`))
    const timer = clock.after(CONNECT_MS, giveUp)
    for (const event of ['connect', 'close'] as const) socket.once(event, () => timer.cancel())
  })
}

async function readLimited(response: IncomingMessage): Promise<string | Error> {
  const octets = createOctetList()
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      octets.add(chunk)
      if (octets.length > MAX_ANSWER_OCTETS) {
        response.destroy()
        return new Error(`an answer of more than ${MAX_ANSWER_OCTETS} octets`)
      }
    }
    return joinOctets(octets).toString('utf8')
  } catch (error) {
    return error as Error
  }
}

/** rspamd uses its internal error numbers as status: `HTTP/1.1 1 cannot get learned: …`. Node's parser refuses them, and keeps the octets. */
function readOddStatus(error: Error & { readonly code?: string; readonly rawPacket?: unknown }): Exchanged | null {
  if (error.code !== 'HPE_INVALID_STATUS' || !Buffer.isBuffer(error.rawPacket)) return null
  const [, status, reason] = /^HTTP\/1\.[01] (\d{1,9}) ([^\r\n]*)/.exec(error.rawPacket.toString('latin1')) ?? []
  return status === undefined ? null : { kind: 'answered', status: Number(status), reason: reason ?? '', text: '' }
}

function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
