import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createChunkFraming } from './chunk-framing.ts'

describe('the framing of a chunk', () => {
  it('ends after exactly its octets, for any content and any split', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(octets, fc.nat(59), fc.array(fc.nat(60), { maxLength: 6 }), (bytes, most, places) => {
        const stream = Buffer.from(bytes)
        const count = Math.min(most + 1, stream.length)
        const framing = createChunkFraming(count)
        const pieces: Buffer[] = []
        let from = 0
        for (const cut of [...places.toSorted((a, b) => a - b), stream.length]) {
          const to = Math.max(from, Math.min(cut, stream.length))
          if (to === from) continue
          const { content, rest } = framing.push(stream.subarray(from, to))
          pieces.push(content)
          from = to
          if (rest === null) continue
          expect(Buffer.concat(pieces).equals(stream.subarray(0, count))).toBe(true)
          expect(Buffer.concat([rest, stream.subarray(from)]).equals(stream.subarray(count))).toBe(true)
          return
        }
        throw new Error('no end')
      }),
      { numRuns: 2000 },
    )
  })

  it('treats the end of DATA as content', () => {
    const { content, rest } = createChunkFraming(8).push(Buffer.from('a\r\n.\r\n..QUIT\r\n'))
    expect(content.toString()).toBe('a\r\n.\r\n..')
    expect(rest?.toString()).toBe('QUIT\r\n')
  })

  it('keeps no larger buffer in memory for a chunk of one octet', () => {
    const { content } = createChunkFraming(1).push(Buffer.alloc(65_536))
    expect(content.buffer.byteLength).toBe(1)
  })
})
