// Dynamic updates of a zone (RFC 2136): changes that the server makes only if the records are still as they were read, all or none.

import { randomInt } from 'node:crypto'
import type { DnsServer } from '../dns/exchange.ts'
import { classes, encodeName, encodeRecord, HEADER_OCTETS } from './dns-wire.ts'
import type { PlannedType } from './planned-record.ts'
import { askByTcp, type TcpAnswer } from './tcp-message.ts'
import { signRequest, verifyAnswer } from './tsig.ts'
import type { TsigKey } from '../lib/tsig-key.ts'

/** RFC 1035 3.2.2 and successors. */
const types: Readonly<Record<PlannedType, number>> = {
  A: 1,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  TLSA: 52,
  CAA: 257,
}
const TYPE_SOA = 6
/** RFC 2136 2.2: the operation of the header. */
const OPCODE_UPDATE = 5 << 11
/** A server that signs the zone takes some seconds. */
const TIMEOUT_MS = 15_000
const MAX_MESSAGE = 65_535

export interface RecordChange {
  readonly action: 'add' | 'remove'
  readonly name: string
  readonly type: PlannedType
  /** Seconds; of a removal it does not count. */
  readonly ttl: number
  /** RDATA without its length. */
  readonly data: Buffer
}

/** All records of one name and type, as they have to be for the changes; empty: there are none. */
export interface ExpectedSet {
  readonly name: string
  readonly type: PlannedType
  readonly data: readonly Buffer[]
}

export interface ZoneUpdate {
  readonly zone: string
  readonly expected: readonly ExpectedSet[]
  readonly changes: readonly RecordChange[]
}

export interface UpdateTarget {
  readonly server: DnsServer
  /** Null: without a signature, for a server that trusts addresses. */
  readonly key: TsigKey | null
}

export type UpdateResult =
  | { readonly kind: 'updated' }
  /** The records are not as expected: they have changed since they were read. */
  | { readonly kind: 'conflict'; readonly cause: string }
  /** The server made no change. */
  | { readonly kind: 'refused'; readonly cause: string }
  /** No answer, or one that is not proven: the changes may be there. */
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface UpdatePorts {
  /** Unix milliseconds. */
  readonly now: () => number
  readonly ask?: (server: DnsServer, message: Buffer) => Promise<TcpAnswer>
}

/** Sends one message. */
export async function updateZone(update: ZoneUpdate, target: UpdateTarget, ports: UpdatePorts): Promise<UpdateResult> {
  const request = encodeUpdate(update, randomInt(0x10000))
  const now = ports.now()
  const signed = target.key && signRequest(request, target.key, now)
  const message = signed?.message ?? request
  if (message.length > MAX_MESSAGE) return { kind: 'refused', cause: 'too many changes for one message' }
  const ask = ports.ask ?? ((server, octets) => askByTcp(server, octets, { timeoutMs: TIMEOUT_MS }))
  const answer = await ask(target.server, message)
  if (answer.kind === 'failed') return { kind: 'unavailable', cause: answer.cause }
  const received = answer.message
  if (received.length < HEADER_OCTETS || received.readUInt16BE(0) !== request.readUInt16BE(0))
    return { kind: 'unavailable', cause: 'the answer belongs to another question' }
  if (target.key && signed) {
    const verified = verifyAnswer(received, target.key, { ...signed, now: ports.now() })
    const rcode = received.readUInt16BE(2) & 0xf
    // A server that refuses before it looks at the signature does not sign (RFC 8945 5.3.2).
    if (verified.kind === 'refused')
      return rcode === 0
        ? { kind: 'unavailable', cause: verified.cause }
        : { kind: 'refused', cause: `${describe(rcode)}; ${verified.cause}` }
  }
  return resultOf(received.readUInt16BE(2) & 0xf)
}

/** RFC 2136 2.2. */
const rcodes: Readonly<Record<number, string>> = {
  1: 'FORMERR: the server does not understand the update',
  2: 'SERVFAIL: the server failed',
  4: 'NOTIMP: the server has no dynamic updates',
  5: 'REFUSED: the server does not allow this update',
  6: 'YXDOMAIN: a name exists that should not',
  7: 'YXRRSET: records exist that were not there when they were read',
  8: 'NXRRSET: records are not there as they were read',
  9: 'NOTAUTH: the server does not serve the zone, or does not accept the key',
  10: 'NOTZONE: a name is outside of the zone',
}
const CONFLICTS = [6, 7, 8]

function describe(rcode: number): string {
  return rcodes[rcode] ?? `error ${rcode}`
}

function resultOf(rcode: number): UpdateResult {
  if (rcode === 0) return { kind: 'updated' }
  return { kind: CONFLICTS.includes(rcode) ? 'conflict' : 'refused', cause: describe(rcode) }
}

/** RFC 2136 2: header, zone, prerequisites, changes. */
export function encodeUpdate({ zone, expected, changes }: ZoneUpdate, id: number): Buffer {
  const prerequisites = expected.flatMap(prerequisite)
  // Removals first: a record that only gets another time to live is removed and added.
  const ordered = changes.toSorted((a, b) => Number(a.action === 'add') - Number(b.action === 'add'))
  const header = Buffer.alloc(HEADER_OCTETS)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(OPCODE_UPDATE, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(prerequisites.length, 6)
  header.writeUInt16BE(ordered.length, 8)
  const question = Buffer.alloc(4)
  question.writeUInt16BE(TYPE_SOA, 0)
  question.writeUInt16BE(classes.IN, 2)
  return Buffer.concat([header, encodeName(zone), question, ...prerequisites, ...ordered.map(encodeChange)])
}

/** RFC 2136 2.4.2 and 2.4.3. */
function prerequisite({ name, type, data }: ExpectedSet): readonly Buffer[] {
  const common = { name, type: types[type], ttl: 0 }
  if (data.length === 0) return [encodeRecord({ ...common, class: classes.NONE, data: Buffer.alloc(0) })]
  return data.map((one) => encodeRecord({ ...common, class: classes.IN, data: one }))
}

/** RFC 2136 2.5.1 and 2.5.4. */
function encodeChange({ action, name, type, ttl, data }: RecordChange): Buffer {
  const common = { name, type: types[type], data }
  return action === 'add'
    ? encodeRecord({ ...common, class: classes.IN, ttl })
    : encodeRecord({ ...common, class: classes.NONE, ttl: 0 })
}
