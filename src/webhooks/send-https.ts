// Sends a webhook by HTTPS. The certificate of the server is verified, redirects are not followed, and the answer is not read. The signature
// proves that this node wrote it, and when: docs/reference/webhooks.md describes its verification.

import { createHmac } from 'node:crypto'
import { request } from 'node:https'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/log.ts'
import type { HookResult, HttpsTarget, SendHook } from './hook-target.ts'

export function createHttpsSender(clock: Pick<Clock, 'now' | 'after'>): SendHook<HttpsTarget> {
  return (target, body, signal) =>
    new Promise((resolve) => {
      const ended = new AbortController()
      const end = (result: HookResult) => {
        timer.cancel()
        resolve(result)
        ended.abort()
      }
      const fail = (cause: string) => end({ kind: 'failed', cause })
      const timer = clock.after(target.timeoutMs, () => fail(`no answer within ${target.timeoutMs / 1000} s`))
      const outgoing = request(target.url, {
        method: 'POST',
        // Each attempt has its own connection: events are rare, and a server that stalled must not get the next one on the same connection.
        agent: false,
        signal: AbortSignal.any([signal, ended.signal]),
        ...(target.ca === null ? {} : { ca: target.ca }),
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          'User-Agent': 'Waypost',
          'Waypost-Signature': signHook(body, { secret: target.secret, at: clock.now() }),
        },
      })
      outgoing.once('error', (error) => fail(errorText(error)))
      outgoing.once('response', ({ statusCode = 0 }) => {
        if (statusCode >= 200 && statusCode < 300) end({ kind: 'delivered' })
        else fail(`the server answered ${statusCode}`)
      })
      outgoing.end(body)
    })
}

/** `t=1763719200,v1=HEX`: HMAC-SHA256 over the time in seconds, a dot, and the octets of the body. @param at unix milliseconds */
function signHook(body: string, { secret, at }: { readonly secret: string; readonly at: number }): string {
  const seconds = Math.floor(at / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}
