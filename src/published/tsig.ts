// TSIG (RFC 8945): signs a request and verifies the answer to it with a shared key.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { classes, encodeName, encodeRecord, lastRecord, readName } from './dns-wire.ts'
import { hashOf, type TsigKey } from '../lib/tsig-key.ts'

const TYPE_TSIG = 250
/** RFC 8945 10: the recommended difference of clocks. Seconds. */
const FUDGE_S = 300

export interface SignedRequest {
  readonly message: Buffer
  /** The answer is signed over it. */
  readonly mac: Buffer
}

/** Adds the TSIG record to a request without one. @param now unix milliseconds */
export function signRequest(request: Buffer, key: TsigKey, now: number): SignedRequest {
  const time = Math.floor(now / 1000)
  const mac = digest(key, [request, variables(key, { time, fudge: FUDGE_S, error: 0, other: Buffer.alloc(0) })])
  const original = request.subarray(0, 2)
  const data = Buffer.concat([
    encodeName(key.algorithm),
    timeOctets(time),
    uint16(FUDGE_S),
    uint16(mac.length),
    mac,
    original,
    uint16(0),
    uint16(0),
  ])
  const record = encodeRecord({ name: key.name, type: TYPE_TSIG, class: classes.ANY, ttl: 0, data })
  const message = Buffer.concat([request, record])
  message.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return { message, mac }
}

export type VerifiedAnswer =
  /** The server has the key, so the answer is its own. */
  { readonly kind: 'signed' } | { readonly kind: 'refused'; readonly cause: string }

/** RFC 8945 3: the errors of the TSIG record. */
const errors: Readonly<Record<number, string>> = {
  16: 'BADSIG: the server has another secret for this key',
  17: 'BADKEY: the server does not know this key, or not with this algorithm',
  18: 'BADTIME: the clocks of this host and of the server differ by more than five minutes',
  22: 'BADTRUNC: the server accepts only longer signatures',
}

/** @param request what `signRequest` returned. @param now unix milliseconds */
export function verifyAnswer(
  answer: Buffer,
  key: TsigKey,
  request: SignedRequest & { readonly now: number },
): VerifiedAnswer {
  const refused = (cause: string): VerifiedAnswer => ({ kind: 'refused', cause })
  const last = lastRecord(answer)
  if (last?.type !== TYPE_TSIG) return refused('the answer is not signed')
  const fields = readFields(last.data)
  if (fields === null) return refused('the TSIG record of the answer is damaged')
  const error = errors[fields.error]
  // The answer to a request with a wrong signature has none (RFC 8945 5.3.2).
  if (error !== undefined && fields.mac.length === 0) return refused(error)
  if (last.name !== key.name || fields.algorithm !== key.algorithm)
    return refused('the answer is signed with another key')
  const bare = Buffer.from(answer.subarray(0, last.start))
  bare.writeUInt16BE(bare.readUInt16BE(10) - 1, 10)
  fields.originalId.copy(bare, 0)
  const expected = digest(key, [uint16(request.mac.length), request.mac, bare, variables(key, fields)])
  if (fields.mac.length !== expected.length || !timingSafeEqual(fields.mac, expected))
    return refused('the signature of the answer is wrong')
  if (error !== undefined) return refused(error)
  const difference = Math.abs(fields.time - Math.floor(request.now / 1000))
  return difference > fields.fudge ? refused(`the time of the answer differs by ${difference} s`) : { kind: 'signed' }
}

interface Fields {
  /** Unix seconds. */
  readonly time: number
  readonly fudge: number
  readonly error: number
  readonly other: Buffer
}

function readFields(
  data: Buffer,
): (Fields & { readonly algorithm: string; readonly mac: Buffer; readonly originalId: Buffer }) | null {
  try {
    const { name: algorithm, end } = readName(data, 0)
    const macLength = data.readUInt16BE(end + 8)
    const after = end + 10 + macLength
    const otherLength = data.readUInt16BE(after + 4)
    const fields = {
      algorithm,
      time: data.readUIntBE(end, 6),
      fudge: data.readUInt16BE(end + 6),
      mac: data.subarray(end + 10, after),
      originalId: data.subarray(after, after + 2),
      error: data.readUInt16BE(after + 2),
      other: data.subarray(after + 6, after + 6 + otherLength),
    }
    return fields.mac.length === macLength && fields.other.length === otherLength ? fields : null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** RFC 8945 4.3.3: the fields of the record that are signed. */
function variables(key: TsigKey, { time, fudge, error, other }: Fields): Buffer {
  return Buffer.concat([
    encodeName(key.name),
    uint16(classes.ANY),
    Buffer.alloc(4),
    encodeName(key.algorithm),
    timeOctets(time),
    uint16(fudge),
    uint16(error),
    uint16(other.length),
    other,
  ])
}

function digest(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(hashOf(key), key.secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

function timeOctets(seconds: number): Buffer {
  const octets = Buffer.alloc(6)
  octets.writeUIntBE(seconds, 0, 6)
  return octets
}

function uint16(value: number): Buffer {
  const octets = Buffer.alloc(2)
  octets.writeUInt16BE(value)
  return octets
}
