// A node across the network as the receiver of a transfer; transfer-listener.ts is its server. Nothing is sent before the node has proven its
// identity by its certificate. Connections are kept and shared by all offers of a run.

import { Agent, request as httpsRequest } from 'node:https'
import { bodySize } from '../contract/stored-body.ts'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { TransferAnswer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import {
  type ReceiverAnswer,
  answer,
  type ReceiverIdentity,
  type Offer,
  type Receiver,
  failed,
  unacceptable,
} from './receiver.ts'
import { TRANSFER_VERSION, writeHead } from './transfer-head.ts'
import { type RemoteSettings, tlsOptions, UnknownPeer, verifiedConnection } from './verified-connection.ts'

export interface RemoteReceiver extends Receiver {
  close(): void
}

/** Concurrent connections: enough for the target to share commits. */
const CONNECTIONS = 32
/** Silence after which a call fails, ms: longer than a busy disk needs. */
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
      unwrap(
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
  return call<{ answer: TransferAnswer }>({ method: 'PUT', path: `/transfer/${token}`, headers, body }).then(unwrap)
}

/** Yields exactly the announced octets; a body that has another size than its row says is not sent. */
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
  if (sent !== size) throw new QueueUnavailable('failing', `the body does not have ${size} octets`)
}

function unwrap<T>(got: ReceiverAnswer<{ answer: T }>): ReceiverAnswer<T> {
  return got.kind === 'error' ? got : answer(got.value.answer)
}

function readGreeting(got: ReceiverAnswer<ReceiverIdentity & { version: number }>): ReceiverAnswer<ReceiverIdentity> {
  if (got.kind === 'error') return got
  const { version, queue, name } = got.value
  if (version !== TRANSFER_VERSION)
    return failed(`it uses version ${version} of the transfer protocol, this node version ${TRANSFER_VERSION}`, true)
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
    // An early refusal ends the request before its body is sent: the response counts, not the broken pipe.
    const sent = stream ? pipeline(stream, request) : Promise.resolve(void request.end())
    const response = await Promise.race([answered, sent.then(() => answered)])
    sent.catch(() => undefined)
    return read<T>(response.statusCode ?? 0, await text(response))
  } catch (error) {
    stream?.destroy()
    if (error instanceof QueueUnavailable) throw error
    return failed(describe(error), error instanceof UnknownPeer)
  }
}

function read<T>(status: number, body: string): ReceiverAnswer<T> {
  let value: unknown = null
  try {
    value = JSON.parse(body)
  } catch {
    return failed(`its reply ${status} is not JSON`, true)
  }
  if (status === 200) return answer(value as T)
  const { cause = 'no cause given' } = value as { cause?: string }
  if (status === 422) return unacceptable(`the receiver refused it: ${cause}`)
  return failed(`it replied ${status}: ${cause}`, status < 500 || status === 507)
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error)
}
