// The pieces of a stream do not depend on how it is split into chunks.

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PieceReader } from './piece-reader.ts'

/** The octets in chunks of these sizes, over and over. */
function* cut(octets: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, n = 0; at < octets.length; n++) {
    const size = sizes[n % sizes.length] ?? 1
    yield octets.subarray(at, at + size)
    at += size
  }
}
const reader = (octets: Buffer, sizes: readonly number[] = [3]) =>
  new PieceReader(Readable.from(cut(octets, sizes), { objectMode: false }))

it('returns line, octets and rest, however the stream is split', async () => {
  const octets = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  const line = fc.string().filter((text) => !text.includes('\n'))
  await fc.assert(
    fc.asyncProperty(
      line,
      octets,
      octets,
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      async (...all) => {
        const [text, header, body, sizes] = all
        const pieces = reader(Buffer.concat([Buffer.from(`${text}\n`), header, body]), sizes)
        expect(await pieces.line(10_000)).toBe(text)
        expect(await pieces.octets(header.length)).toEqual(header)
        expect(await buffer(pieces.rest())).toEqual(body)
      },
    ),
  )
})

it('returns null for a line that is too long or has no end', async () => {
  expect(await reader(Buffer.alloc(100, 'x')).line(10)).toBeNull()
  expect(await reader(Buffer.from('no end')).line(100)).toBeNull()
})

it('returns null if the stream ends too early', async () => {
  expect(await reader(Buffer.from('ab')).octets(3)).toBeNull()
})
