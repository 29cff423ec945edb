// Queries over TLS (RFC 7858) to a server that proves itself by name or by its key (RFC 8310 section 8). One connection for each server carries
// many queries at once, because a handshake for each would cost more than the query.

import { createHash, randomInt } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'
import { systemClock } from '../lib/clock.ts'
import type { DnsServer, Exchange, ServerProof } from './exchange.ts'
import { encodePaddedQuery, type Exchanged, type Expected, readAnswer } from './query-packet.ts'

/** Ms without a query before the connection is closed (RFC 7858 section 3.4: servers close after seconds to minutes). */
const IDLE_MS = 10_000
/** RFC 1035 4.2.2: two octets of length before the message. */
const LENGTH_OCTETS = 2

type Proven = DnsServer & { readonly tls: ServerProof }

/** Connections stay open between queries; unused ones close and do not keep the process. */
export function createTlsExchange(): (server: Proven, ...rest: Tail<Parameters<Exchange>>) => Promise<Exchanged> {
  const connections = new Map<string, TlsConnection>()
  return (server, question, options) => {
    const name = JSON.stringify(server)
    const known = connections.get(name)
    const connection = known && !known.isClosed ? known : new TlsConnection(server)
    connections.set(name, connection)
    const { timeoutMs, signal } = options
    const id = connection.freeId()
    return connection.ask(encodePaddedQuery(id, question, options), { id, question, timeoutMs, signal })
  }
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never

class TlsConnection {
  readonly #socket: TLSSocket
  readonly #pending = new Map<number, { readonly expected: Expected; readonly end: (result: Exchanged) => void }>()
  #received = Buffer.alloc(0)
  #isReady = false
  #unsent: Buffer[] = []
  #isClosed = false

  constructor({ host, port, tls }: Proven) {
    const names = tls.name === null ? {} : { servername: tls.name }
    const socket = connect({ host, port, ...names, rejectUnauthorized: false, ALPNProtocols: ['dot'] })
    this.#socket = socket
    socket.unref().setTimeout(IDLE_MS, () => this.#close('the connection was idle'))
    socket.on('error', (error) => this.#close(error.message))
    socket.on('close', () => this.#close('connection closed without an answer'))
    socket.on('data', (data: Buffer) => this.#receive(data))
    socket.once('secureConnect', () => {
      const fault = proofFault(socket, tls)
      if (fault !== null) return this.#close(fault)
      this.#isReady = true
      for (const query of this.#unsent.splice(0)) this.#write(query)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** An ID that no open query has. */
  freeId(): number {
    for (;;) {
      const id = randomInt(0x10000)
      if (!this.#pending.has(id)) return id
    }
  }

  ask(query: Buffer, expected: Expected): Promise<Exchanged> {
    return new Promise((resolve) => {
      const end = (result: Exchanged) => {
        timer.cancel()
        expected.signal?.removeEventListener('abort', abort)
        this.#pending.delete(expected.id)
        if (this.#pending.size === 0) this.#socket.unref()
        resolve(result)
      }
      const timer = systemClock.after(expected.timeoutMs, () => end({ kind: 'failed', cause: 'time-out over TLS' }))
      const abort = () => end({ kind: 'failed', cause: 'aborted' })
      expected.signal?.addEventListener('abort', abort, { once: true })
      this.#pending.set(expected.id, { expected, end })
      this.#socket.ref()
      if (this.#isReady) this.#write(query)
      else this.#unsent.push(query)
    })
  }

  #write(query: Buffer): void {
    const length = Buffer.alloc(LENGTH_OCTETS)
    length.writeUInt16BE(query.length)
    this.#socket.write(Buffer.concat([length, query]))
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    while (this.#received.length >= LENGTH_OCTETS) {
      const end = LENGTH_OCTETS + this.#received.readUInt16BE(0)
      if (this.#received.length < end) return
      this.#answer(this.#received.subarray(LENGTH_OCTETS, end))
      this.#received = this.#received.subarray(end)
    }
  }

  #answer(message: Buffer): void {
    const open = message.length < LENGTH_OCTETS ? undefined : this.#pending.get(message.readUInt16BE(0))
    const result = open && readAnswer(message, open.expected)
    if (result) open.end(result)
  }

  #close(cause: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.destroy()
    for (const { end } of this.#pending.values()) end({ kind: 'failed', cause })
  }
}

/** Why the server is not the configured one, or null. */
function proofFault(socket: TLSSocket, { name, pin }: ServerProof): string | null {
  if (name !== null && !socket.authorized)
    return `the server does not prove its name ${name}: ${String(socket.authorizationError)}`
  if (pin === null) return null
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  const digest = key && createHash('sha256').update(key).digest('hex')
  return digest === pin ? null : `the public key of the server has the digest ${digest}, not the pinned one`
}
