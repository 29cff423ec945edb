// Headers of the PROXY protocol, right and wrong, for tests.

import { crc32c } from '../../src/lib/crc32c.ts'

export interface BinaryParts {
  readonly version?: number
  readonly command: number
  readonly family: number
  readonly addresses?: readonly number[]
  readonly tlvs?: readonly number[]
  /** The length that the header names, if not the real one. */
  readonly claimed?: number
}

/** A header of version 2. */
export function binaryHeader({
  version = 2,
  command,
  family,
  addresses = [],
  tlvs = [],
  claimed,
}: BinaryParts): Buffer {
  const fixed = Buffer.alloc(16)
  fixed.write('\r\n\r\n\0\r\nQUIT\n', 'latin1')
  fixed.writeUInt8((version << 4) | command, 12)
  fixed.writeUInt8(family, 13)
  fixed.writeUInt16BE(claimed ?? addresses.length + tlvs.length, 14)
  return Buffer.concat([fixed, Buffer.from([...addresses, ...tlvs])])
}

/** The same with a right CRC32C TLV at its end. */
export function withSum(parts: BinaryParts): Buffer {
  const header = binaryHeader({ ...parts, tlvs: [...(parts.tlvs ?? []), 3, 0, 4, 0, 0, 0, 0] })
  header.writeUInt32BE(crc32c(header), header.length - 4)
  return header
}

/** A header of version 1 for a client with this IPv4 address. */
export function textHeader(ip: string): string {
  return `PROXY TCP4 ${ip} 192.0.2.25 40000 25\r\n`
}

/** A header of version 2 for a client with this IPv4 address. */
export function binaryHeaderOf(ip: string): Buffer {
  const addresses = [...ip.split('.').map(Number), 192, 0, 2, 25, 0x9c, 0x40, 0, 25]
  return withSum({ command: 1, family: 0x11, addresses })
}
