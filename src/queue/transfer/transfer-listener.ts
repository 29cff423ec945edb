// The HTTPS listener that accepts messages from the queues of other nodes (docs/explanation/queue.md, "Transfer"); both nodes are authenticated
// by certificate, and nothing is read from any other client. POST /fleet asks for status and traces (fleet-view). GET /transfer returns the identity of the queue, PUT /transfer/TOKEN offers a message, DELETE cancels an offer.

import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Pool } from '../../budget/pool.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Current } from '../../lib/current.ts'
import { plainAddress } from '../../lib/ip-address.ts'
import type { Log } from '../../lib/log.ts'
import { remoteHost } from '../../lib/remote-host.ts'
import type { TransferAnswer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import type { Queue } from '../contract/queue.ts'
import { createLineEnds, MalformedContent } from './line-ends.ts'
import { peerOf } from './peer-certificate.ts'
import { type IncomingQueue, storeIncoming, BodySizeMismatch } from './store-incoming.ts'
import { PieceReader } from './piece-reader.ts'
import { createTransferConnections } from './transfer-connections.ts'
import { readHead, TRANSFER_VERSION, type TransferHead } from './transfer-head.ts'
import { type TransferPeer, transferProblem, type TransferRules, transferredOrigin } from './transfer-rules.ts'

export interface TransferListenerSettings {
  readonly host: string
  readonly port: number
  /** The nodes that are known, by fingerprint in lower-case hex. */
  readonly peers: ReadonlyMap<string, TransferPeer>
  /** True for an address from which one of them connects. */
  readonly isPeerAddress: (ip: string) => boolean
  /** What they may transfer. */
  readonly rules: TransferRules
  /** Name of this node, for the ledger of the other node. */
  readonly name: string
}

export interface TransferListenerPorts {
  readonly queue: IncomingQueue & Pick<Queue, 'health'>
  /** This node's certificate and key, PEM; null is an error, TLS is required. */
  readonly certificate: Current<{ readonly certificate: string; readonly key: string } | null>
  /** Answers one line of a node that may ask; null for a line that is too long. */
  readonly questions: (line: string | null, peer: Pick<TransferPeer, 'host' | 'maySearch'>) => Promise<TransferReply>
  /** Longest line of a question, octets. */
  readonly questionOctets: number
  /** The path of questions. */
  readonly questionPath: string
  /** A message was accepted: notices may be due. */
  readonly accepted: () => void
  /** Of the budget `transferConnections`. */
  readonly connections: Pool
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'bug'>
}

export interface TransferListener {
  readonly port: number
  /** Uses a renewed certificate for new connections. */
  updateTls(): void
  close(): Promise<void>
}

export interface TransferReply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Longest line of a head, octets: a message to 65 536 recipients with a long history. */
const HEAD_LIMIT = 128 * 1024 * 1024
/** Longest header of a message, octets. */
const HEADER_LIMIT = 64 * 1024 * 1024
/** Silence of a peer after which its connection is closed, ms. */
const IDLE_MS = 120_000
/** Names of nodes as configurations write them. */
const nodeName = /^[A-Za-z0-9._-]{1,255}$/
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
  server.setTimeout(IDLE_MS)
  const { peers, isPeerAddress } = settings
  const places = createTransferConnections({ pool: ports.connections, clock: ports.clock, peers, isPeerAddress })
  server.prependListener('secureConnection', (socket: TLSSocket) => places.prove(socket))
  const front = createTcpServer((socket) => {
    // Errors of single connections end with the connection.
    socket.on('error', () => undefined)
    if (places.open(socket)) server.emit('connection', socket)
  })
  await new Promise<void>((resolve, reject) => {
    front.once('error', reject)
    front.listen({ host: settings.host, port: settings.port }, resolve)
  })
  front.removeAllListeners('error').on('error', () => undefined)
  return {
    port: (front.address() as AddressInfo).port,
    updateTls: () => server.setSecureContext({ ...pem(ports), minVersion: 'TLSv1.3' }),
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve())
        server.closeAllConnections()
        places.close()
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
    const peer = peerOf(request.socket as TLSSocket, here.settings.peers)
    if (peer) return send(response, await route(request, peer, here))
    log.warn(
      { remote: remoteHost(null, plainAddress(request.socket.remoteAddress ?? '')) },
      'queue transfer refused: the certificate of the client is not in queue_transfer.peers or fleet_view.peers',
    )
    send(response, { status: 403, body: { cause: 'unknown certificate' } })
  } catch (error) {
    if (request.destroyed && !request.complete) return
    send(response, failure(error, log))
  }
}

function failure(error: unknown, log: TransferListenerPorts['log']): TransferReply {
  if (error instanceof BodySizeMismatch) return { status: 400, body: { cause: error.message } }
  if (error instanceof MalformedContent) return unacceptable(error.message)
  if (error instanceof QueueUnavailable)
    return { status: error.cause === 'full' ? 507 : 503, body: { cause: error.message } }
  log.bug(error, 'transfer')
  return { status: 500, body: { cause: 'internal error' } }
}

async function route(request: IncomingMessage, peer: TransferPeer, here: Context): Promise<TransferReply> {
  const { queue, questions, questionOctets, questionPath } = here.ports
  const url = request.url ?? ''
  if (url === questionPath && request.method === 'POST') {
    if (!peer.mayView) return { status: 403, body: { cause: 'this node may not ask: see fleet_view.peers' } }
    return questions(await new PieceReader(request).line(questionOctets), peer)
  }
  if (!peer.mayTransfer) return { status: 403, body: { cause: 'this node may not transfer: see queue_transfer.peers' } }
  const identity = await queue.identity()
  if (url === '/transfer' && request.method === 'GET')
    return { status: 200, body: { version: TRANSFER_VERSION, queue: identity, name: here.settings.name } }
  const token = tokenPath.exec(url)?.[1]
  if (token === undefined) return { status: 404, body: { cause: 'not found' } }
  // The host name may point to another node by now, which must not accept the message.
  if (request.headers['waypost-queue'] !== identity) return { status: 421, body: { cause: 'this is another queue' } }
  if (request.method === 'DELETE') return { status: 200, body: { answer: await queue.refuseTransfer(token) } }
  if (request.method === 'PUT') return acceptOffer(request, { token, peer }, here)
  return { status: 405, body: { cause: 'method not allowed' } }
}

interface OfferFacts {
  readonly token: string
  readonly peer: TransferPeer
}

async function acceptOffer(
  request: IncomingMessage,
  { token, peer }: OfferFacts,
  { ports, settings: { rules } }: Context,
): Promise<TransferReply> {
  const health = await ports.queue.health()
  if (health.kind !== 'ok')
    return { status: health.kind === 'full' ? 507 : 503, body: { cause: `the queue is ${health.kind}` } }
  const reader = new PieceReader(request)
  const line = await reader.line(HEAD_LIMIT)
  const read = line === null ? null : readHead(line)
  if (read === null) return { status: 400, body: { cause: 'malformed message' } }
  if (read.kind === 'bad') return unacceptable(read.problem)
  const problem = transferProblem(read.head, rules, ports.clock.now())
  if (problem !== null) return unacceptable(problem)
  const header = await readHeader(reader, read.head)
  if (header === null) return { status: 400, body: { cause: 'malformed message' } }
  const { headerSize: _, bodySize, ...message } = read.head
  const origin = transferredOrigin(message.origin, rules, peer)
  const from = nameOf(request.headers['waypost-node'], peer)
  const incoming = { token, from, message: { ...message, origin, header }, size: bodySize, body: reader.rest() }
  const answer: TransferAnswer = await storeIncoming(ports.queue, incoming)
  if (answer === 'accepted') ports.accepted()
  return { status: 200, body: { answer } }
}

/** Null if it is too long or ends early. Throws MalformedContent. */
async function readHeader(reader: PieceReader, { headerSize }: TransferHead): Promise<Buffer | null> {
  const header = headerSize <= HEADER_LIMIT ? await reader.octets(headerSize) : null
  if (header === null) return null
  const ends = createLineEnds()
  if (!ends.push(header) || ends.end() !== 'complete') throw new MalformedContent('the header has a bare CR or LF')
  return header
}

/** For the ledger: the name that the peer gives itself, and the name that the configuration gives it. */
function nameOf(claimed: string | readonly string[] | undefined, { host }: TransferPeer): string {
  const name = typeof claimed === 'string' && nodeName.test(claimed) ? claimed : host
  return name === host ? name : `${name} (${host})`
}

/** The message stays in its queue; others of the same run are not concerned. */
function unacceptable(cause: string): TransferReply {
  return { status: 422, body: { cause } }
}

function send(response: ServerResponse, { status, body }: TransferReply): void {
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
