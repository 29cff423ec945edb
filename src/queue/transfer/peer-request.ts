// One short question to the transfer listener of another node, and its answer: both ends are authenticated as for a transfer. Time and size are
// limited, because a node that is down, slow or wrong must not stop the others.

import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../lib/clock.ts'
import { errorText } from '../../lib/log.ts'
import { type RemoteSettings, tlsOptions, verifiedConnection } from './verified-connection.ts'

export interface PeerQuestion {
  readonly path: string
  readonly body: string
  /** Of the whole exchange, ms. */
  readonly deadlineMs: number
  /** Longest answer, octets. */
  readonly mostOctets: number
}

export type PeerAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  | { readonly kind: 'error'; readonly cause: string }

/** Never rejects. Each question has its own connection: they are rare, and a node that stalled must not get the next one on it. */
export function askPeer(
  settings: RemoteSettings,
  question: PeerQuestion,
  clock: Pick<Clock, 'after'>,
): Promise<PeerAnswer> {
  const { path, body, deadlineMs, mostOctets } = question
  const { host, port } = settings
  return new Promise((resolve) => {
    const ended = new AbortController()
    const end = (answer: PeerAnswer) => {
      timer.cancel()
      resolve(answer)
      ended.abort()
    }
    const fail = (cause: string) => end({ kind: 'error', cause })
    const timer = clock.after(deadlineMs, () => fail(`no answer within ${deadlineMs / 1000} s`))
    const outgoing = httpsRequest({
      host,
      port,
      path,
      method: 'POST',
      signal: ended.signal,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      createConnection: (_options, done) => {
        const socket = verifiedConnection({ host, port, ...tlsOptions(settings) }, settings, (error, ready) =>
          done(error, ready),
        )
        ended.signal.addEventListener('abort', () => socket.destroy(), { once: true })
        return undefined
      },
    })
    outgoing.on('error', (error) => fail(errorText(error)))
    outgoing.once('response', (response) => {
      readText(response, mostOctets).then(
        (text) =>
          end(
            text === null
              ? { kind: 'error', cause: 'its answer is too long' }
              : { kind: 'answer', status: response.statusCode ?? 0, text },
          ),
        (error: unknown) => fail(errorText(error)),
      )
    })
    outgoing.end(body)
  })
}

/** Null if it is longer than `most` octets. */
async function readText(response: IncomingMessage, most: number): Promise<string | null> {
  const pieces: Buffer[] = []
  let octets = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    octets += piece.length
    if (octets > most) return null
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
