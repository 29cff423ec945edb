// An attacker between a resolver and the name server of its zones: a DNS proxy over UDP and TCP that replaces or alters chosen answers. It has
// no key of a zone, so what it replaces is not signed.

import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import dnsPacket from 'dns-packet'
import { listenOnBoth } from '../../src/demo/authority.ts'

export type Forgery =
  /** Records without signatures. */
  | { readonly kind: 'records'; readonly answers: readonly dnsPacket.Answer[] }
  /** The name does not exist: without a proof. */
  | { readonly kind: 'denial' }
  /** The right answer with other octets of the same length, so that its signature does not fit. */
  | { readonly kind: 'alteration'; readonly from: Buffer; readonly to: Buffer }

export interface DnsForger {
  readonly port: number
  /** By `name TYPE`, in lower case and without a final dot. */
  readonly forgeries: Map<string, Forgery>
  /** How often each forgery was sent, by the same key. */
  readonly sent: Map<string, number>
  close(): Promise<void>
}

/** NXDOMAIN of RFC 1035 section 4.1.1. */
const NXDOMAIN = 3

/** @param authority the port of the name server, on 127.0.0.1 */
export async function startDnsForger(authority: number): Promise<DnsForger> {
  const forgeries = new Map<string, Forgery>()
  const sent = new Map<string, number>()
  const forge = (query: Buffer, right: Buffer): Buffer => {
    const decoded = dnsPacket.decode(query)
    const [question] = decoded.questions ?? []
    const key = `${question?.name.toLowerCase()} ${question?.type}`
    const forgery = forgeries.get(key)
    if (!forgery || !question) return right
    sent.set(key, (sent.get(key) ?? 0) + 1)
    return forgery.kind === 'alteration' ? altered(right, forgery) : invented(decoded, question, forgery)
  }
  const { udp, tcp, port } = await listenOnBoth('127.0.0.1', 0)
  const open = new Set<Socket>()
  udp.on('message', (query, asker) => {
    const onward = createSocket('udp4')
    onward.on('error', () => onward.close())
    onward.once('message', (answer) => {
      onward.close()
      const forged = forge(query, answer)
      udp.send(forged, asker.port, asker.address)
    })
    onward.send(query, authority, '127.0.0.1')
  })
  tcp.on('connection', (client) => {
    const onward = connect(authority, '127.0.0.1')
    for (const socket of [client, onward]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        onward.destroy()
      })
    }
    const queries: Buffer[] = []
    readMessages(client, (query) => {
      queries.push(query)
      onward.write(framed(query))
    })
    readMessages(onward, (answer) => {
      const query = queries.find((one) => one.readUInt16BE(0) === answer.readUInt16BE(0))
      client.write(framed(query ? forge(query, answer) : answer))
    })
  })
  return {
    port,
    forgeries,
    sent,
    close: async () => {
      for (const socket of open) socket.destroy()
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ])
    },
  }
}

function altered(right: Buffer, { from, to }: Extract<Forgery, { kind: 'alteration' }>): Buffer {
  const at = right.indexOf(from)
  if (at < 0) return right
  const copy = Buffer.from(right)
  to.copy(copy, at)
  return copy
}

function invented(
  query: dnsPacket.DecodedPacket,
  question: dnsPacket.Question,
  forgery: Exclude<Forgery, { kind: 'alteration' }>,
): Buffer {
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    // The authentic bit of a name server means nothing, and a careless resolver passes it on.
    flags: dnsPacket.AUTHORITATIVE_ANSWER | dnsPacket.AUTHENTIC_DATA | (forgery.kind === 'denial' ? NXDOMAIN : 0),
    questions: [question],
    answers: forgery.kind === 'records' ? [...forgery.answers] : [],
    additionals: (query.additionals ?? []).filter((extra) => extra.type === 'OPT'),
  })
}

/** RFC 1035 section 4.2.2: two octets of length before each message. */
function readMessages(socket: Socket, take: (message: Buffer) => void): void {
  let received = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0)
      take(received.subarray(2, end))
      received = received.subarray(end)
    }
  })
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}
