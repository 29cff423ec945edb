// The HTTPS listener that accepts messages from the queues of other nodes (docs/explanation/queue.md, "Transfer"); both nodes are authenticated
// by certificate. GET /transfer returns the identity of the queue, PUT /transfer/TOKEN offers a message, DELETE cancels an offer.

import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Current } from '../../lib/current.ts'
import { plainAddress } from '../../lib/ip-address.ts'
import type { Log } from '../../lib/log.ts'
import { remoteHost } from '../../lib/remote-host.ts'
import type { TransferAnswer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import type { Queue } from '../contract/queue.ts'
import { isKnown } from './peer-certificate.ts'
import { type IncomingQueue, storeIncoming, BodySizeMismatch } from './store-incoming.ts'
import { PieceReader } from './piece-reader.ts'
import { TRANSFER_VERSION, readHead } from './transfer-head.ts'

export interface TransferListenerSettings {
  readonly host: string
  readonly port: number
  /** Fingerprints of the nodes that may transfer messages, lower-case hex. */
  readonly peers: ReadonlySet<string>
  /** Name of this node, for the ledger of the other node. */
  readonly name: string
}

export interface TransferListenerPorts {
  readonly queue: IncomingQueue & Pick<Queue, 'health'>
  /** This node's certificate and key, PEM; null is an error, TLS is required. */
  readonly certificate: Current<{ readonly certificate: string; readonly key: string } | null>
  /** A message was accepted: notices may be due. */
  readonly accepted: () => void
  readonly log: Pick<Log, 'warn' | 'bug'>
}

export interface TransferListener {
  readonly port: number
  /** Uses a renewed certificate for new connections. */
  updateTls(): void
  close(): Promise<void>
}

interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Longest line of a head, octets: a message to 65 536 recipients with a long history. */
const HEAD_LIMIT = 128 * 1024 * 1024
/** Longest header of a message, octets. */
const HEADER_LIMIT = 64 * 1024 * 1024
/** Silence after which a connection is closed, ms. */
const IDLE_MS = 120_000
/** Most connections; a fleet has few nodes. */
const MAX_CONNECTIONS = 100
const tokenPath = /^\/transfer\/([A-Za-z0-9_-]{16,64})$/

/** Starts the listener. Rejects if the address cannot be bound. */
export async function startTransferListener(
  settings: TransferListenerSettings,
  ports: TransferListenerPorts,
): Promise<TransferListener> {
  const server = createServer(
    { ...pem(ports), requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', requestTimeout: 0 },
    (request, response) => void serve(request, response, { settings, ports }),
  )
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(IDLE_MS)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: settings.host, port: settings.port }, resolve)
  })
  // Errors of single connections end with the connection.
  server.removeAllListeners('error').on('error', () => undefined)
  return {
    port: (server.address() as AddressInfo).port,
    updateTls: () => server.setSecureContext({ ...pem(ports), minVersion: 'TLSv1.3' }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function pem(ports: TransferListenerPorts): { cert: string; key: string } {
  const { value } = ports.certificate
  if (!value) throw new Error('queue_transfer needs a certificate')
  const { certificate, key } = value
  return { cert: certificate, key }
}

interface Context {
  readonly settings: TransferListenerSettings
  readonly ports: TransferListenerPorts
}

async function serve(request: IncomingMessage, response: ServerResponse, here: Context): Promise<void> {
  const { log } = here.ports
  try {
    if (isKnown(request.socket as TLSSocket, here.settings.peers)) return send(response, await route(request, here))
    log.warn(
      { remote: remoteHost(null, plainAddress(request.socket.remoteAddress ?? '')) },
      'queue transfer refused: the certificate of the client is not in queue_transfer.peers',
    )
    send(response, { status: 403, body: { cause: 'unknown certificate' } })
  } catch (error) {
    if (request.destroyed && !request.complete) return
    send(response, failure(error, log))
  }
}

function failure(error: unknown, log: TransferListenerPorts['log']): Reply {
  if (error instanceof BodySizeMismatch) return { status: 400, body: { cause: error.message } }
  if (error instanceof QueueUnavailable)
    return { status: error.cause === 'full' ? 507 : 503, body: { cause: error.message } }
  log.bug(error, 'transfer')
  return { status: 500, body: { cause: 'internal error' } }
}

async function route(request: IncomingMessage, here: Context): Promise<Reply> {
  const { queue } = here.ports
  const url = request.url ?? ''
  const identity = await queue.identity()
  if (url === '/transfer' && request.method === 'GET')
    return { status: 200, body: { version: TRANSFER_VERSION, queue: identity, name: here.settings.name } }
  const token = tokenPath.exec(url)?.[1]
  if (token === undefined) return { status: 404, body: { cause: 'not found' } }
  // The host name may point to another node by now, which must not accept the message.
  if (request.headers['waypost-queue'] !== identity) return { status: 421, body: { cause: 'this is another queue' } }
  if (request.method === 'DELETE') return { status: 200, body: { answer: await queue.refuseTransfer(token) } }
  if (request.method === 'PUT') return acceptOffer(request, token, here)
  return { status: 405, body: { cause: 'method not allowed' } }
}

async function acceptOffer(request: IncomingMessage, token: string, { ports }: Context): Promise<Reply> {
  const health = await ports.queue.health()
  if (health.kind !== 'ok')
    return { status: health.kind === 'full' ? 507 : 503, body: { cause: `the queue is ${health.kind}` } }
  const reader = new PieceReader(request)
  const line = await reader.line(HEAD_LIMIT)
  const head = line === null ? null : readHead(line)
  const header = head && head.headerSize <= HEADER_LIMIT ? await reader.octets(head.headerSize) : null
  if (!head || !header) return { status: 400, body: { cause: 'malformed message' } }
  const { headerSize: _, bodySize, ...message } = head
  const from = String(request.headers['waypost-node'] ?? 'unknown')
  const incoming = { token, from, message: { ...message, header }, size: bodySize, body: reader.rest() }
  const answer: TransferAnswer = await storeIncoming(ports.queue, incoming)
  if (answer === 'accepted') ports.accepted()
  return { status: 200, body: { answer } }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  if (response.destroyed) return
  const text = `${JSON.stringify(body)}\n`
  // An offer that was not read completely leaves octets in transit: the connection cannot be used again.
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(status === 200 ? {} : { connection: 'close' }),
  })
  response.end(text)
}
