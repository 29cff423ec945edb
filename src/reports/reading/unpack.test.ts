// Files of reports: what is unpacked, and what would unfold.

import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { zipOf } from '../../../test/lib/zip.ts'
import { MOST_UNPACKED_OCTETS } from './reading-limits.ts'
import { isPacked, unpack } from './unpack.ts'

const xml = Buffer.from('<feedback/>')
const MIB = 2 ** 20

it('unpacks gzip and zip by their octets, and leaves other octets', async () => {
  expect(await unpack(gzipSync(xml))).toEqual(xml)
  expect(await unpack(zipOf('a.xml', xml))).toEqual(xml)
  expect(await unpack(xml)).toEqual(xml)
  expect([gzipSync(xml), zipOf('a', xml), xml].map(isPacked)).toEqual([true, true, false])
})

it('refuses what unfolds beyond the limit for its size', async () => {
  const zeros = Buffer.alloc(20 * MIB)
  await expect(unpack(gzipSync(zeros))).rejects.toThrow(
    /unpacks to more than 4.\d MiB, which is the limit for its size/,
  )
  await expect(unpack(zipOf('a.xml', zeros))).rejects.toThrow(/a file of the zip archive unpacks to more than 4.\d MiB/)
  const large = Buffer.alloc(MOST_UNPACKED_OCTETS + 1)
  for (let at = 0; at < large.length; at += 997) large[at] = at % 251
  await expect(unpack(gzipSync(large, { level: 1 }))).rejects.toThrow(/more than 64.0 MiB/)
}, 20_000)

it('does not believe the size in a zip archive', async () => {
  const archive = zipOf('a.xml', Buffer.alloc(3 * MIB, '<'))
  // Uncompressed sizes of both headers.
  for (const mark of ['PK\x03\x04', 'PK\x01\x02']) {
    const at = archive.indexOf(mark) + (mark === 'PK\x03\x04' ? 22 : 24)
    archive.writeUInt32LE(100, at)
  }
  await expect(unpack(archive)).rejects.toThrow('the zip archive is damaged')
})

it('refuses damaged files, and archives without a report', async () => {
  await expect(unpack(gzipSync(xml).subarray(0, 15))).rejects.toThrow('the gzip file is damaged')
  await expect(unpack(zipOf('a.xml', xml).subarray(0, 40))).rejects.toThrow('the zip archive is damaged')
  await expect(unpack(zipOf('a.html', Buffer.from('hello')))).rejects.toThrow('the zip archive has no report')
  await expect(unpack(zipOf('a/', Buffer.alloc(0)))).rejects.toThrow('the zip archive has no report')
  const locked = zipOf('a.xml', xml)
  locked.writeUInt16LE(1, locked.indexOf('PK\x01\x02') + 8)
  await expect(unpack(locked)).rejects.toThrow('the zip archive is encrypted')
  const many = zipOf('a.xml', xml)
  many.writeUInt16LE(5000, many.length - 12)
  await expect(unpack(many)).rejects.toThrow('the zip archive has 5000 files, expected at most 10')
})
