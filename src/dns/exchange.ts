// One query to one DNS server: over UDP, then over TCP if the answer is truncated (RFC 1035 4.2, RFC 7766), with EDNS and DO (RFC 6891).
// Only an answer to this question counts; other packets are ignored until the time-out (RFC 5452).

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import dnsPacket from 'dns-packet'
import { systemClock } from '../lib/clock.ts'
import { createOctetList, joinOctets } from '../lib/octet-list.ts'
import type { RecordType } from './resolver.ts'

/** Octets that fit in one unfragmented datagram on all networks (DNS flag day 2020). */
const UDP_PAYLOAD = 1232

export interface DnsServer {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

export interface Question {
  /** Canonical (dns/name.ts). */
  readonly name: string
  /** SOA and CAA are for checks of zones; the resolver does not know them. */
  readonly type: RecordType | 'SOA' | 'CAA'
}

export type Exchanged =
  | { readonly kind: 'answered'; readonly packet: dnsPacket.DecodedPacket; readonly rcode: string }
  /** Time-out, refused connection, malformed answer, aborted. */
  | { readonly kind: 'failed'; readonly cause: string }

/** Queries one server once: the network as a port. */
export type Exchange = (server: DnsServer, question: Question, options: ExchangeOptions) => Promise<Exchanged>

export interface ExchangeOptions {
  readonly timeoutMs: number
  /** False for a server that answers FORMERR to EDNS. */
  readonly edns: boolean
  /** Ends the query: its socket closes at once. */
  readonly signal?: AbortSignal | undefined
}

/** The real network: a new socket, so a new source port, and a random ID for every query (RFC 5452). */
export const networkExchange: Exchange = async (server, question, options) => {
  const deadline = systemClock.monotonic() + options.timeoutMs
  const id = randomInt(0x10000)
  const query = encodeQuery(id, question, options.edns)
  const { timeoutMs, signal } = options
  const byUdp = await queryByUdp(server, query, { id, question, timeoutMs, signal })
  if (byUdp.kind === 'failed' || !byUdp.packet.flag_tc) return byUdp
  const left = Math.max(1, deadline - systemClock.monotonic())
  return queryByTcp(server, query, { id, question, timeoutMs: left, signal })
}

interface Expected {
  readonly id: number
  readonly question: Question
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

function encodeQuery(id: number, question: Question, edns: boolean): Buffer {
  const opt: dnsPacket.Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_PAYLOAD,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: dnsPacket.DNSSEC_OK,
    flag_do: true,
    options: [],
  }
  return dnsPacket.encode({
    type: 'query',
    id,
    // AD requests the authentic bit also from servers that ignore DO (RFC 6840 5.7).
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA,
    questions: [{ name: question.name, type: question.type, class: 'IN' }],
    additionals: edns ? [opt] : [],
  })
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

/** The answer to this question, or a failure if it is malformed; null for another packet, which is ignored. */
function readAnswer(data: Buffer, expected: Expected): Exchanged | null {
  if (data.length < 12 || data.readUInt16BE(0) !== expected.id) return null
  let packet: dnsPacket.DecodedPacket
  try {
    packet = dnsPacket.decode(data)
  } catch (error) {
    // A truncated answer may be malformed: only its TC bit counts, which requests TCP.
    const truncated = (data.readUInt16BE(2) & dnsPacket.TRUNCATED_RESPONSE) !== 0
    if (!truncated) return failed(`malformed answer: ${error instanceof Error ? error.message : String(error)}`)
    packet = dnsPacket.decode(Buffer.concat([data.subarray(0, 4), Buffer.alloc(8)]))
    return { kind: 'answered', packet, rcode: rcodeOf(packet) }
  }
  const rcode = rcodeOf(packet)
  if (!packet.flag_qr) return null
  if (packet.questions?.length === 0 && rcode === 'FORMERR') return { kind: 'answered', packet, rcode }
  const [question, ...more] = packet.questions ?? []
  if (question === undefined || more.length > 0) return null
  if (question.name.toLowerCase() !== expected.question.name || question.type !== expected.question.type) return null
  return { kind: 'answered', packet, rcode }
}

function rcodeOf(packet: dnsPacket.DecodedPacket): string {
  for (const extra of packet.additionals ?? []) {
    // RFC 6891 6.1.3: the upper eight bits of the code. Any value other than 0 is an error.
    if (extra.type === 'OPT' && extra.extendedRcode !== 0) return `extended rcode ${extra.extendedRcode}`
  }
  const { rcode } = packet as dnsPacket.DecodedPacket & { rcode?: string }
  return rcode ?? 'SERVFAIL'
}

function failed(cause: string): Exchanged {
  return { kind: 'failed', cause }
}
