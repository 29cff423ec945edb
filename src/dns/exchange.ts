// One query to one DNS server: over UDP, then over TCP if the answer is truncated (RFC 1035 4.2, RFC 7766), or over TLS (tls-exchange.ts).
// Only an answer to this question counts; other packets are ignored until the time-out (RFC 5452).

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { systemClock } from '../lib/clock.ts'
import { createOctetList, joinOctets } from '../lib/octet-list.ts'
import {
  encodeQuery,
  type Exchanged,
  type Expected,
  mixCase,
  OTHER_CASE,
  type Question,
  type QueryOptions,
  readAnswer,
} from './query-packet.ts'

export interface DnsServer {
  /** An IP address. */
  readonly host: string
  readonly port: number
  /** How the server proves itself over TLS (RFC 7858, RFC 8310); absent for UDP and TCP. */
  readonly tls?: ServerProof | undefined
}

export interface ServerProof {
  /** The name in its certificate, which a public CA issued; null if the pin is enough. */
  readonly name: string | null
  /** SHA-256 of its public key, hexadecimal; null if the name is enough. */
  readonly pin: string | null
}

/** Queries one server once: the network as a port. */
export type Exchange = (server: DnsServer, question: Question, options: ExchangeOptions) => Promise<Exchanged>

export interface ExchangeOptions extends QueryOptions {
  readonly timeoutMs: number
  /** Ends the query: its socket closes at once. */
  readonly signal?: AbortSignal | undefined
}

/** The real network: a new socket, so a new source port, and a random ID for every query (RFC 5452). */
export const networkExchange: Exchange = async (server, question, options) => {
  const deadline = systemClock.monotonic() + options.timeoutMs
  const id = randomInt(0x10000)
  const { timeoutMs, signal } = options
  const mixed = { ...question, name: mixCase(question.name) }
  const byUdp = await queryByUdp(server, encodeQuery(id, mixed, options), { id, question: mixed, timeoutMs, signal })
  const needsTcp = byUdp.kind === 'failed' ? byUdp.cause === OTHER_CASE : byUdp.packet.flag_tc
  if (!needsTcp) return byUdp
  const left = Math.max(1, deadline - systemClock.monotonic())
  return queryByTcp(server, encodeQuery(id, question, options), { id, question, timeoutMs: left, signal })
}

function queryByUdp(server: DnsServer, query: Buffer, expected: Expected): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
    const finish = (result: Exchanged): void => {
      timer.cancel()
      expected.signal?.removeEventListener('abort', abort)
      socket.removeAllListeners()
      // Without a listener, a late 'error' event of the closed socket would crash the process.
      socket.on('error', () => {})
      socket.close()
      resolve(result)
    }
    const timer = systemClock.after(expected.timeoutMs, () => finish(failed('time-out')))
    const abort = () => finish(failed('aborted'))
    expected.signal?.addEventListener('abort', abort, { once: true })
    socket.on('error', (error) => finish(failed(error.message)))
    socket.on('message', (data) => {
      const result = readAnswer(data, expected)
      if (result !== null) finish(result)
    })
    // Connected: the kernel drops datagrams of other senders and reports a closed port at once.
    // The event is used because a callback of `connect` is also called for an unreachable network.
    socket.once('connect', () => {
      socket.send(query, (error) => {
        if (error) finish(failed(error.message))
      })
    })
    socket.connect(server.port, server.host)
  })
}

function queryByTcp(server: DnsServer, query: Buffer, expected: Expected): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.host, port: server.port })
    const finish = (result: Exchanged): void => {
      timer.cancel()
      expected.signal?.removeEventListener('abort', abort)
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.destroy()
      resolve(result)
    }
    const timer = systemClock.after(expected.timeoutMs, () => finish(failed('time-out over TCP')))
    const abort = () => finish(failed('aborted'))
    expected.signal?.addEventListener('abort', abort, { once: true })
    const received = createOctetList()
    let wanted: number | null = null
    socket.on('error', (error) => finish(failed(error.message)))
    socket.on('close', () => finish(failed('connection closed without an answer')))
    socket.on('connect', () => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(query.length)
      socket.write(Buffer.concat([length, query]))
    })
    socket.on('data', (data: Buffer) => {
      received.add(data)
      if (wanted === null && received.length >= 2) {
        const start = joinOctets(received)
        received.add(start)
        // RFC 1035 4.2.2: two octets of length before the message.
        wanted = start.readUInt16BE(0)
      }
      if (wanted === null || received.length < 2 + wanted) return
      const message = joinOctets(received).subarray(2, 2 + wanted)
      finish(readAnswer(message, expected) ?? failed('answer to another question over TCP'))
    })
  })
}

function failed(cause: string): Exchanged {
  return { kind: 'failed', cause }
}
