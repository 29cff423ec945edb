// A small DNS server on loopback (UDP and TCP) that answers from a table (RFC 1035, RFC 2308, RFC 6891), for `waypost demo` and tests.
// It can also fail, time out, truncate answers and set the authentic bit. Not for the internet.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import dnsPacket from 'dns-packet'

type OneOrMore<T> = T | readonly T[]

/** The records of one name. Host names have no final dot; `.` or the empty string is the root. */
export interface ZoneEntry {
  readonly A?: OneOrMore<string>
  readonly AAAA?: OneOrMore<string>
  /** `10 mx.example.org` */
  readonly MX?: OneOrMore<string>
  /** Each value is one record: a string, which is split into chunks of 255 octets, or a list of chunks. */
  readonly TXT?: string | readonly (string | readonly string[])[]
  readonly PTR?: OneOrMore<string>
  readonly CNAME?: string
  readonly NS?: OneOrMore<string>
  /** `priority weight port target` */
  readonly SRV?: OneOrMore<string>
  /** `usage selector matchingType hex` */
  readonly TLSA?: OneOrMore<string>
  readonly ttl?: number
  /** True: answers for this name have the authentic bit. */
  readonly authentic?: boolean
  /** The answer to questions for a type that is not listed here. */
  readonly fail?: 'SERVFAIL' | 'REFUSED' | 'TIMEOUT'
  /** True: UDP answers for this name are truncated, so the client must use TCP. */
  readonly truncate?: boolean
}

export type Zone = Record<string, ZoneEntry>

export interface Authority {
  readonly host: string
  readonly port: number
  /** The table; changes take effect at once. Names are in lower case. */
  readonly zone: Map<string, ZoneEntry>
  /** The last 10 000 questions, oldest first, as `name TYPE udp|tcp`. */
  readonly questions: readonly string[]
  /** The number of questions for this name and type, over both transports. */
  count(name: string, type: string): number
  close(): Promise<void>
}

const MAX_QUESTIONS_KEPT = 10_000
const DEFAULT_TTL = 60
/** RFC 6891 6.2.5: without EDNS, a UDP answer has at most 512 octets. */
const PLAIN_UDP_PAYLOAD = 512
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const

/** Starts the server. Port 0 (the default) takes a port that is free on both transports. Rejects if bind fails. */
export async function startAuthority(
  zone: Zone = {},
  at: { readonly host?: string; readonly port?: number } = {},
): Promise<Authority> {
  const host = at.host ?? '127.0.0.1'
  const table = new Map(Object.entries(zone).map(([name, entry]) => [name.toLowerCase(), entry]))
  const questions: string[] = []
  const answer = (data: Buffer, transport: 'udp' | 'tcp'): Buffer | null => {
    const query = readQuery(data)
    if (query === null) return null
    questions.push(`${query.name} ${query.type} ${transport}`)
    if (questions.length > MAX_QUESTIONS_KEPT) questions.shift()
    return reply(query, table, transport)
  }
  const { udp, tcp, port } = await listenOnBoth(host, at.port ?? 0)
  udp.on('message', (data, peer) => {
    const response = answer(data, 'udp')
    if (response !== null) udp.send(response, peer.port, peer.address)
  })
  const open = new Set<Socket>()
  tcp.on('connection', (socket) => serveTcp(socket, open, (data) => answer(data, 'tcp')))
  return {
    host,
    port,
    zone: table,
    questions,
    count: (name, type) => questions.filter((q) => q.startsWith(`${name.toLowerCase()} ${type} `)).length,
    async close() {
      for (const socket of open) socket.destroy()
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ])
    },
  }
}

/** Binds both transports to one port; with `wanted` 0, tries again if the free UDP port is in use on TCP. */
export async function listenOnBoth(
  host: string,
  wanted: number,
): Promise<{ udp: UdpSocket; tcp: Server; port: number }> {
  for (let attempt = 0; ; attempt++) {
    const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind(wanted, host, resolve)
    })
    const { port } = udp.address()
    const tcp = createServer()
    try {
      await new Promise<void>((resolve, reject) => {
        tcp.once('error', reject)
        tcp.listen(port, host, resolve)
      })
      return { udp, tcp, port }
    } catch (error) {
      udp.close()
      if (wanted !== 0 || attempt > 20) throw error
    }
  }
}

function serveTcp(socket: Socket, open: Set<Socket>, answer: (data: Buffer) => Buffer | null): void {
  open.add(socket)
  socket.on('close', () => open.delete(socket))
  socket.on('error', () => socket.destroy())
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0)
      const response = answer(received.subarray(2, end))
      received = received.subarray(end)
      if (response === null) continue
      const length = Buffer.alloc(2)
      length.writeUInt16BE(response.length)
      socket.write(Buffer.concat([length, response]))
    }
  })
}

interface Query {
  readonly id: number
  readonly asked: dnsPacket.Question
  readonly name: string
  readonly type: string
  readonly payload: number
  readonly edns: boolean
}

function readQuery(data: Buffer): Query | null {
  try {
    const packet = dnsPacket.decode(data)
    const asked = packet.questions?.[0]
    if (packet.flag_qr || asked === undefined) return null
    const opt = packet.additionals?.find((extra) => extra.type === 'OPT')
    const payload = opt?.type === 'OPT' ? Math.max(opt.udpPayloadSize, PLAIN_UDP_PAYLOAD) : PLAIN_UDP_PAYLOAD
    return { id: packet.id ?? 0, asked, name: asked.name.toLowerCase(), type: asked.type, payload, edns: !!opt }
  } catch {
    return null
  }
}

function reply(query: Query, zone: ReadonlyMap<string, ZoneEntry>, transport: 'udp' | 'tcp'): Buffer | null {
  const { answers, last, authentic } = chain(query, zone)
  const entry = zone.get(last)
  const hit = answers.some((record) => record.type === query.type)
  const fail = hit ? undefined : entry?.fail
  if (fail === 'TIMEOUT') return null
  const rcode = fail ?? (exists(last, zone) ? 'NOERROR' : 'NXDOMAIN')
  const soa: dnsPacket.Answer = {
    type: 'SOA',
    name: '.',
    ttl: DEFAULT_TTL,
    data: { mname: 'ns.invalid', rname: 'hostmaster.invalid', serial: 1, minimum: DEFAULT_TTL },
  }
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | RCODES[rcode]
  const packet: dnsPacket.Packet = {
    type: 'response',
    id: query.id,
    flags: flags | (authentic ? dnsPacket.AUTHENTIC_DATA : 0),
    questions: [query.asked],
    answers,
    authorities: hit || rcode === 'SERVFAIL' || rcode === 'REFUSED' ? [] : [soa],
    additionals: query.edns ? [optRecord()] : [],
  }
  const whole = dnsPacket.encode(packet)
  const cut = transport === 'udp' && (whole.length > query.payload || zone.get(query.name)?.truncate === true)
  if (!cut) return whole
  return dnsPacket.encode({
    ...packet,
    flags: packet.flags! | dnsPacket.TRUNCATED_RESPONSE,
    answers: [],
    authorities: [],
  })
}

/** The records of the name; follows its CNAMEs. */
function chain(query: Query, zone: ReadonlyMap<string, ZoneEntry>) {
  const answers: dnsPacket.Answer[] = []
  let name = query.name
  let authentic = true
  for (let links = 0; links < 20; links++) {
    const entry = zone.get(name)
    authentic &&= entry?.authentic === true
    const records = recordsOf(entry, query.type, name)
    answers.push(...records)
    if (records.length > 0 || entry?.CNAME === undefined) break
    answers.push(...recordsOf(entry, 'CNAME', name))
    name = entry.CNAME.toLowerCase()
  }
  return { answers, last: name, authentic }
}

/** A name with names below it exists, even without records (RFC 8020). */
function exists(name: string, zone: ReadonlyMap<string, ZoneEntry>): boolean {
  if (zone.has(name)) return true
  for (const other of zone.keys()) if (other.endsWith(`.${name}`)) return true
  return false
}

function recordsOf(entry: ZoneEntry | undefined, type: string, name: string): dnsPacket.Answer[] {
  const values = entry?.[type as keyof ZoneEntry]
  if (entry === undefined || values === undefined || typeof values === 'boolean' || typeof values === 'number')
    return []
  const list: readonly (string | readonly string[])[] = typeof values === 'string' ? [values] : values
  return list.map(
    (value) => ({ type, name, ttl: entry.ttl ?? DEFAULT_TTL, data: dataOf(type, value) }) as dnsPacket.Answer,
  )
}

function dataOf(type: string, value: string | readonly string[]): unknown {
  if (type === 'TXT') return typeof value === 'string' ? chunks(Buffer.from(value)) : value.map((v) => Buffer.from(v))
  const words = String(value).split(' ')
  const last = words.at(-1)
  switch (type) {
    case 'MX':
      return { preference: Number(words[0]), exchange: last }
    case 'SRV':
      return { priority: Number(words[0]), weight: Number(words[1]), port: Number(words[2]), target: last }
    case 'TLSA': {
      const [usage, selector, matchingType] = words.map(Number)
      return { usage, selector, matchingType, certificate: Buffer.from(last ?? '', 'hex') }
    }
    default:
      return value
  }
}

function chunks(text: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < text.length || at === 0; at += 255) parts.push(text.subarray(at, at + 255))
  return parts
}

function optRecord(): dnsPacket.Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 1232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }
}
