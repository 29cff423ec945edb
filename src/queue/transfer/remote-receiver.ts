// Room handover: a node across the network as the receiver (listener.ts is its other end). Nothing is sent before the node has proven by its
// certificate who it is. Connections are kept and shared by all offers of a run.

import { Agent, request as httpsRequest } from 'node:https'
import { bodySize } from '../contract/stored-body.ts'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { TransferAnswer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import { isKnown } from './peer-certificate.ts'
import { type ReceiverAnswer, answer, type ReceiverIdentity, type Offer, type Receiver, trouble } from './receiver.ts'
import { TRANSFER_VERSION, writeHead } from './transfer-head.ts'

export interface RemoteSettings {
  readonly host: string
  readonly port: number
  /** Our certificate and key, PEM. */
  readonly certificate: string
  readonly key: string
  /** Fingerprints that the node must have one of, lower-case hex; empty: verified against `ca` and its name. */
  readonly fingerprints: ReadonlySet<string>
  /** PEM, or null. */
  readonly ca: string | null
}

export interface RemoteReceiver extends Receiver {
  close(): void
}

/** Connections at once: enough for the other side to share commits. */
const CONNECTIONS = 32
/** Silence after which an answer is no longer awaited, ms: longer than a busy disk needs. */
const IDLE_MS = 60_000

interface Call {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: () => Readable
}

export function createRemoteReceiver(settings: RemoteSettings): RemoteReceiver {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  agent.createConnection = (options, callback) => {
    verifiedConnection(
      { ...(options as ConnectionOptions), ...tlsOptions(settings) },
      settings,
      callback ?? (() => undefined),
    )
    return undefined
  }
  const call = <T>(one: Call): Promise<ReceiverAnswer<T>> => ask<T>(settings, agent, one)
  return {
    identify: async () =>
      readGreeting(await call<ReceiverIdentity & { version: number }>({ method: 'GET', path: '/transfer' })),
    offer: (offer) => give(call, offer),
    refuse: async ({ token, target }) =>
      inner(
        await call<{ answer: 'accepted' | 'refused' }>({
          method: 'DELETE',
          path: `/transfer/${token}`,
          headers: { 'waypost-queue': target },
        }),
      ),
    close: () => agent.destroy(),
  }
}

function give(
  call: <T>(one: Call) => Promise<ReceiverAnswer<T>>,
  offer: Offer,
): Promise<ReceiverAnswer<TransferAnswer>> {
  const { token, target, from, message, openBody } = offer
  const head = writeHead(message)
  const size = bodySize(message.body)
  const headers = {
    'waypost-queue': target,
    'waypost-node': from,
    'content-type': 'application/octet-stream',
    'content-length': head.length + message.header.length + size,
  }
  const body = () =>
    Readable.from(parts([head, message.header], { body: openBody(message.body), size }), {
      objectMode: false,
    })
  return call<{ answer: TransferAnswer }>({ method: 'PUT', path: `/transfer/${token}`, headers, body }).then(inner)
}

/** What was announced, to the octet: a body that is not what its row says is not sent on. */
async function* parts(
  first: readonly Buffer[],
  { body, size }: { readonly body: Readable; readonly size: number },
): AsyncGenerator<Buffer> {
  yield* first
  let sent = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    sent += piece.length
    if (sent > size) break
    yield piece
  }
  if (sent !== size) throw new QueueUnavailable('failing', `its body is not the ${size} octets that it should be`)
}

function inner<T>(got: ReceiverAnswer<{ answer: T }>): ReceiverAnswer<T> {
  return got.kind === 'trouble' ? got : answer(got.value.answer)
}

function readGreeting(got: ReceiverAnswer<ReceiverIdentity & { version: number }>): ReceiverAnswer<ReceiverIdentity> {
  if (got.kind === 'trouble') return got
  const { version, queue, name } = got.value
  if (version !== TRANSFER_VERSION)
    return trouble(`it speaks version ${version} of the hand-over, this node ${TRANSFER_VERSION}`, true)
  return answer({ queue, name })
}

async function ask<T>(settings: RemoteSettings, agent: Agent, one: Call): Promise<ReceiverAnswer<T>> {
  const { method, path, headers } = one
  const { host, port } = settings
  let stream: Readable | null = null
  try {
    stream = one.body?.() ?? null
    const request = httpsRequest({ host, port, agent, method, path, headers: { ...headers } })
    request.setTimeout(IDLE_MS, () => request.destroy(new Error(`no answer for ${IDLE_MS / 1000} s`)))
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', reject)
    })
    answered.catch(() => undefined)
    // An early refusal ends the request before its body: the answer counts, not the broken pipe.
    const sent = stream ? pipeline(stream, request) : Promise.resolve(void request.end())
    const response = await Promise.race([answered, sent.then(() => answered)])
    sent.catch(() => undefined)
    return read<T>(response.statusCode ?? 0, await text(response))
  } catch (error) {
    stream?.destroy()
    if (error instanceof QueueUnavailable) throw error
    return trouble(describe(error), error instanceof Stranger)
  }
}

function read<T>(status: number, body: string): ReceiverAnswer<T> {
  let value: unknown = null
  try {
    value = JSON.parse(body)
  } catch {
    return trouble(`it answered ${status} with something else than JSON`, true)
  }
  if (status === 200) return answer(value as T)
  const { cause = 'no cause given' } = value as { cause?: string }
  return trouble(`it answered ${status}: ${cause}`, status < 500 || status === 507)
}

/** The other end is not who it should be. */
class Stranger extends Error {
  override readonly name = 'Stranger'
}

function tlsOptions({ host, certificate, key, ca, fingerprints }: RemoteSettings): ConnectionOptions {
  const known = fingerprints.size > 0
  return {
    servername: /[a-z]/i.test(host) && !host.includes(':') ? host : '',
    cert: certificate,
    key,
    ...(ca === null ? {} : { ca }),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: !known,
  }
}

function verifiedConnection(
  options: ConnectionOptions,
  { fingerprints }: RemoteSettings,
  done: (error: Error | null, socket: TLSSocket) => void,
): void {
  const socket = connect(options)
  const failed = (error: Error) => done(error, socket)
  socket.once('error', failed)
  socket.once('secureConnect', () => {
    socket.removeListener('error', failed)
    if (fingerprints.size === 0 || isKnown(socket, fingerprints)) return done(null, socket)
    socket.on('error', () => undefined)
    socket.destroy()
    done(new Stranger('its certificate is none of those that our nodes have'), socket)
  })
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error)
}
