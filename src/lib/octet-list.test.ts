import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOctetList, joinOctets } from './octet-list.ts'

/** Octets of memory that these Buffers keep. */
function memoryOf(pieces: readonly Buffer[]): number {
  const blocks = new Set(pieces.map((piece) => piece.buffer))
  return [...blocks].reduce((sum, block) => sum + block.byteLength, 0)
}

/** A piece in a block of memory that holds nothing else, as from a socket. */
const alone = (size: number, octet = 0x61) => Buffer.allocUnsafeSlow(size).fill(octet)

function listOf(pieces: readonly Buffer[]) {
  const list = createOctetList()
  for (const piece of pieces) list.add(piece)
  return list
}

describe('a list of octets', () => {
  it('keeps every octet in order, and is empty after it is taken', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9000 }), { maxLength: 40 }), (sizes) => {
        const pieces = sizes.map((size, index) => alone(size, index))
        const list = listOf(pieces)
        const whole = Buffer.concat(pieces)
        expect(list.length).toBe(whole.length)
        expect(joinOctets(list).equals(whole)).toBe(true)
        expect(list.length).toBe(0)
        expect(list.take()).toEqual([])
      }),
    )
  })

  it('of 120 000 pieces of one octet takes a handful of blocks, and at most twice its size beside the shared block', () => {
    const slab = alone(65_536)
    const list = listOf(Array.from({ length: 120_000 }, (_, at) => slab.subarray(at % 65_536, (at % 65_536) + 1)))
    const pieces = list.take()
    expect(pieces.length).toBeLessThan(20)
    expect(memoryOf(pieces)).toBeLessThanOrEqual(2 * 120_000 + Buffer.poolSize)
  })

  it('takes at most twice its size and two blocks, whatever the pieces are', () => {
    const size = fc.oneof(fc.constant(1), fc.nat({ max: 5000 }), fc.constant(4096), fc.nat({ max: 70_000 }))
    const piece = fc.record({ size, slab: fc.constantFrom(1, 2, 16) })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (wanted) => {
        const list = listOf(wanted.map(({ size: octets, slab }) => alone(octets * slab).subarray(0, octets)))
        const { length } = list
        expect(memoryOf(list.take())).toBeLessThanOrEqual(2 * length + 65_536 + Buffer.poolSize)
      }),
    )
  })

  it('does not copy large pieces, and a single one is the result', () => {
    const [one, two] = [alone(5000), alone(70_000)]
    expect(
      listOf([one, Buffer.from('x'), two])
        .take()
        .map(({ length }) => length),
    ).toEqual([5000, 1, 70_000])
    expect(joinOctets(listOf([one]))).toBe(one)
  })
})
