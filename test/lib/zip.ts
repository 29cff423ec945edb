// A zip archive with one compressed file, for tests.

import { crc32, deflateRawSync } from 'node:zlib'

const DEFLATE = 8
const VERSION = 20

export function zipOf(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content)
  // The part that both headers have (APPNOTE.TXT 4.3.7, 4.3.12): version, flags, method, time, date, checksum, sizes, lengths of names.
  const shared = Buffer.alloc(26)
  shared.writeUInt16LE(VERSION, 0)
  shared.writeUInt16LE(DEFLATE, 4)
  shared.writeUInt32LE(crc32(content), 10)
  shared.writeUInt32LE(packed.length, 14)
  shared.writeUInt32LE(content.length, 18)
  shared.writeUInt16LE(name.length, 22)
  const file = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), packed])
  // Made by version; then comment length, disk, attributes, and the offset of the file, which is 0.
  const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), shared, Buffer.alloc(14), Buffer.from(name)])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(entry.length, 12)
  end.writeUInt32LE(file.length, 16)
  return Buffer.concat([file, entry, end])
}
