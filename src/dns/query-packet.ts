// The packets of one query: with EDNS and DO (RFC 6891), and the answer that belongs to it (RFC 5452).

import { randomBytes } from 'node:crypto'
import dnsPacket from 'dns-packet'
import type { RecordType } from './resolver.ts'

/** RFC 8467 section 4.1: octets of a block. A query has whole blocks, so that its length does not show the name. */
const BLOCK_OCTETS = 128
/** RFC 7830 section 3. */
const PADDING = 12
/** Code and length of an option (RFC 6891 section 6.1.2). */
const OPTION_HEAD_OCTETS = 4

/** Octets that fit in one unfragmented datagram on all networks (DNS flag day 2020). */
const UDP_PAYLOAD = 1232

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

export interface Expected {
  readonly id: number
  /** With the name as it was sent. */
  readonly question: Question
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Only an answer in another letter case: of a server that does not keep the case, or of a forger. */
export const OTHER_CASE = 'other-case'

/**
 * The name in a random letter case, which the answer must repeat: a forger who does not see the query must guess it, beside port and ID
 * (draft-vixie-dnsext-dns0x20).
 */
export function mixCase(name: string): string {
  const random = randomBytes(name.length)
  return Array.from(name, (letter, i) => ((random[i] as number) & 1 ? letter.toUpperCase() : letter)).join('')
}

export interface QueryOptions {
  readonly edns: boolean
  /** The server answers also if DNSSEC validation fails (CD, RFC 4035 section 3.2.2). */
  readonly checkingDisabled?: boolean | undefined
}

/** The query with padding (RFC 7830), for encrypted transports. Without EDNS there is none. */
export function encodePaddedQuery(id: number, question: Question, options: QueryOptions): Buffer {
  const plain = encodeQuery(id, question, options)
  if (!options.edns) return plain
  const excess = (plain.length + OPTION_HEAD_OCTETS) % BLOCK_OCTETS
  return encodeQuery(id, question, options, [{ code: PADDING, length: excess === 0 ? 0 : BLOCK_OCTETS - excess }])
}

export function encodeQuery(
  id: number,
  question: Question,
  { edns, checkingDisabled = false }: QueryOptions,
  ednsOptions: dnsPacket.PacketOpt[] = [],
): Buffer {
  const opt: dnsPacket.Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_PAYLOAD,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: dnsPacket.DNSSEC_OK,
    flag_do: true,
    options: ednsOptions,
  }
  return dnsPacket.encode({
    type: 'query',
    id,
    // AD requests the authentic bit also from servers that ignore DO (RFC 6840 5.7).
    flags:
      dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA | (checkingDisabled ? dnsPacket.CHECKING_DISABLED : 0),
    questions: [{ name: question.name, type: question.type, class: 'IN' }],
    additionals: edns ? [opt] : [],
  })
}

/** The answer to this question, or a failure if it is malformed; null for another packet, which is ignored. */
export function readAnswer(data: Buffer, expected: Pick<Expected, 'id' | 'question'>): Exchanged | null {
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
  const asked = expected.question
  if (question.name.toLowerCase() !== asked.name.toLowerCase() || question.type !== asked.type) return null
  if (question.name !== asked.name) return { kind: 'failed', cause: OTHER_CASE }
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
