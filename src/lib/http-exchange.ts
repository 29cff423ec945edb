// One request to an HTTP server and its whole answer, within a time and a size. No redirect is followed and no proxy is used: what is sent
// may be a secret, and goes only to the host that the operator named.

import { request as requestClear, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Clock } from './clock.ts'
import { errorText } from './log.ts'

export interface HttpQuestion {
  /** `https:`, or `http:` for a server on loopback. */
  readonly url: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** PEM of the authorities of the server; null for the public ones. */
  readonly ca: string | null
  /** Ms for all of it. */
  readonly timeoutMs: number
}

export interface HttpAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type HttpResult = HttpAnswer | { readonly kind: 'failed'; readonly cause: string }

/** Answers of token endpoints and certificate authorities are some kilobytes. */
const MOST_OCTETS = 256 * 1024

/** Never rejects. An aborted signal ends the exchange. */
export function exchange(
  question: HttpQuestion,
  clock: Pick<Clock, 'after'>,
  signal?: AbortSignal,
): Promise<HttpResult> {
  return new Promise((resolve) => {
    const ended = new AbortController()
    const end = (result: HttpResult) => {
      timer.cancel()
      resolve(result)
      ended.abort()
    }
    const fail = (cause: string) => end({ kind: 'failed', cause })
    const timer = clock.after(question.timeoutMs, () => fail(`no answer within ${question.timeoutMs / 1000} s`))
    try {
      const send = question.url.startsWith('http:') ? requestClear : requestTls
      const outgoing = send(question.url, {
        method: question.method,
        // Exchanges are rare: a kept connection would be closed by the server just when it is used.
        agent: false,
        signal: AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]),
        headers: { 'User-Agent': 'Waypost', Accept: '*/*', ...bodyHeaders(question.body), ...question.headers },
        ...(question.ca === null ? {} : { ca: question.ca }),
      })
      outgoing.once('error', (error) => fail(errorText(error)))
      outgoing.once('response', (response) => void readAnswer(response).then(end, (error) => fail(errorText(error))))
      outgoing.end(question.body ?? undefined)
    } catch (error) {
      fail(errorText(error))
    }
  })
}

function bodyHeaders(body: string | null): Record<string, string> {
  return body === null ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_OCTETS) throw new Error(`the answer has more than ${MOST_OCTETS} octets`)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString('utf8')
  return { kind: 'answer', status: response.statusCode ?? 0, headers: response.headers, body }
}

/** Ms to wait by the Retry-After field, seconds or a date (RFC 9110 10.2.3); null without one. @param now Unix milliseconds */
export function retryAfterMs({ headers }: Pick<HttpAnswer, 'headers'>, now: number): number | null {
  const value = headers['retry-after']
  if (value === undefined) return null
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}
