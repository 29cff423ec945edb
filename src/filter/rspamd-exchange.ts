// One HTTP exchange with rspamd: the request streamed, header and body one after the other, the answer read up to a cap. Whatever goes
// wrong is a value. It may be repeated by the caller where a kept connection turned out to be dead before anything came back.

import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import { pipeline, type Readable } from 'node:stream'

/** Octets of an answer: usual ones have some kilobytes, and nobody may fill our memory. */
export const MOST_ANSWER_OCTETS = 1024 * 1024
/** A filter stands near by: whoever takes longer to answer the dial is not there. */
const CONNECT_MS = 3_000

export interface Ask {
  readonly endpoint: RspamdEndpoint
  readonly agent: Agent
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  /** What follows the header; null for nothing. */
  readonly open: (() => Readable) | null
  readonly limitMs: number
}

export type Exchanged =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  /** `stale`: a kept connection had been closed by the other end, a fresh one may do. */
  | { readonly kind: 'failed'; readonly cause: string; readonly stale: boolean }

/** Asks once. */
export function exchange(ask: Ask): Promise<Exchanged> {
  return new Promise((resolve) => {
    const { endpoint, agent, method, path, headers, limitMs } = ask
    const request = httpRequest({ ...endpoint.target, agent, method, path, headers })
    const late = () => request.destroy(new Error(`no answer within ${limitMs} ms`))
    const timer = setTimeout(late, limitMs)
    const end = (result: Exchanged) => {
      clearTimeout(timer)
      resolve(result)
    }
    let answering = false
    const fail = (error: Error) => {
      // An early answer ends the upload: that is no failure of the exchange, the answer tells what there is to tell.
      if (!answering) end({ kind: 'failed', cause: error.message || String(error), stale: isStale(request, error) })
    }
    limitConnecting(request)
    request.on('error', fail)
    request.on('response', (response) => {
      answering = true
      void readCapped(response).then((text) => {
        end(
          typeof text === 'string'
            ? { kind: 'answered', status: response.statusCode ?? 0, text }
            : { kind: 'failed', cause: text.message, stale: false },
        )
        // Answered before the mail was read to its end: the connection is of no more use.
        if (!request.writableFinished) request.destroy()
      })
    })
    send(request, ask, fail)
  })
}

function send(request: ClientRequest, { open }: Ask, fail: (error: Error) => void): void {
  if (open === null) request.end()
  else
    pipeline(open(), request, (error) => {
      if (error) fail(error)
    })
}

function limitConnecting(request: ClientRequest): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => request.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS)
    for (const event of ['connect', 'close'] as const) socket.once(event, () => clearTimeout(timer))
  })
}

async function readCapped(response: IncomingMessage): Promise<string | Error> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MOST_ANSWER_OCTETS) {
        response.destroy()
        return new Error(`an answer of more than ${MOST_ANSWER_OCTETS} octets`)
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    return error as Error
  }
}

function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

export interface RspamdEndpoint {
  /** As configured, for causes. */
  readonly url: string
  readonly target: Pick<RequestOptions, 'host' | 'port' | 'socketPath'>
}

/** The port that a URL leaves out. */
const HTTP = 80

/** The place a URL names; the configuration has checked its form. */
export function endpointOf(url: string): RspamdEndpoint {
  if (url.startsWith('unix:')) return { url, target: { socketPath: url.slice('unix:'.length) } }
  const { hostname, port } = new URL(url)
  return { url, target: { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? HTTP : Number(port) } }
}
