// Version 2 of the PROXY protocol: sixteen octets, the addresses, and TLVs (section 2.2 of the specification).

import { addressFromOctets } from '../../lib/ip-address.ts'
import { crc32c } from '../../lib/crc32c.ts'
import { incomplete, malformed, type ProxyHeader } from './proxy-header.ts'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const FIXED = 16
/** Octets of addresses and TLVs that are read. The addresses have 36; a client certificate in a TLV has two or three thousand. */
const MAX_REST = 4096
const VERSION = 2
const commands = { local: 0, proxy: 1 } as const
const UNSPECIFIED = 0x00
/** By address family and transport: octets of one address. Connections of SMTP are TCP over IPv4 or IPv6. */
const addressLengths: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
])
const PORTS = 4

/** True if the first octet is that of version 2. */
export function isBinaryStart(octets: Buffer): boolean {
  return octets[0] === SIGNATURE[0]
}

export function readBinaryHeader(octets: Buffer): ProxyHeader {
  const start = Math.min(octets.length, SIGNATURE.length)
  if (!octets.subarray(0, start).equals(SIGNATURE.subarray(0, start))) return malformed('no PROXY header')
  if (octets.length < FIXED) return incomplete
  const version = octets.readUInt8(12) >> 4
  const command = octets.readUInt8(12) & 0x0f
  const rest = octets.readUInt16BE(14)
  if (version !== VERSION) return malformed(`version ${version}`)
  if (command !== commands.local && command !== commands.proxy) return malformed(`command ${command}`)
  if (rest > MAX_REST) return malformed(`${rest} octets of addresses and TLVs`)
  const length = FIXED + rest
  if (octets.length < length) return incomplete
  return readBlock(octets.subarray(0, length), command)
}

/** Reads a whole header. The addresses of LOCAL, and of a connection without addresses, are ignored (section 2.2). */
function readBlock(header: Buffer, command: number): ProxyHeader {
  const family = header.readUInt8(13)
  const isOwn = command === commands.local || family === UNSPECIFIED
  const each = addressLengths.get(family)
  if (each === undefined && !isOwn)
    return malformed(`address family and transport 0x${family.toString(16).padStart(2, '0')}`)
  const addresses = each === undefined ? 0 : 2 * each + PORTS
  const tlvs = findTlvs(header, FIXED + addresses)
  if (tlvs === null && !isOwn) return malformed('addresses and TLVs do not fit')
  if (tlvs !== null && hasWrongSum(header, tlvs)) return malformed('the checksum is wrong')
  if (isOwn || each === undefined) return { kind: 'complete', length: header.length, client: null }
  const ip = addressFromOctets(header.subarray(FIXED, FIXED + each))
  return { kind: 'complete', length: header.length, client: { ip, port: header.readUInt16BE(FIXED + 2 * each) } }
}

const TLV_START = 3
const CRC32C = 0x03
const SUM_OCTETS = 4

interface Tlv {
  readonly type: number
  /** Where its value starts in the header, and the octets of it. */
  readonly at: number
  readonly size: number
}

/** The TLVs from an offset to the end of the header. Null if the offset or a TLV is behind that end. */
function findTlvs(header: Buffer, from: number): readonly Tlv[] | null {
  const found: Tlv[] = []
  let start = from
  while (start < header.length) {
    if (start + TLV_START > header.length) return null
    const tlv = { type: header.readUInt8(start), at: start + TLV_START, size: header.readUInt16BE(start + 1) }
    found.push(tlv)
    start = tlv.at + tlv.size
  }
  return start === header.length ? found : null
}

/** True if there is a checksum that is not that of the header with the checksum set to 0 (section 2.2.3). There can be one. */
function hasWrongSum(header: Buffer, tlvs: readonly Tlv[]): boolean {
  const [sum, ...more] = tlvs.filter(({ type }) => type === CRC32C)
  if (!sum) return false
  if (more.length > 0 || sum.size !== SUM_OCTETS) return true
  const zeroed = Buffer.from(header).fill(0, sum.at, sum.at + SUM_OCTETS)
  return crc32c(zeroed) !== header.readUInt32BE(sum.at)
}
