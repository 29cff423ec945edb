import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChainLink, chainDigest } from './sha-chain.ts'

const algorithms = [
  [32, 'sha256', 32],
  [64, 'sha512', 64],
] as const

const nothing = Buffer.alloc(0)

describe.each(algorithms)('SHA with words of %i bits', (width, algorithm, size) => {
  const first = hash(algorithm, 'first', 'buffer')
  const byCrypto = (links: readonly ChainLink[], length: number): string => {
    let last: Buffer = first
    for (let at = 0; at < length; at++) {
      const { before, after } = links[at % links.length] as ChainLink
      last = hash(algorithm, Buffer.concat([before, last, after]), 'buffer')
    }
    return last.toString('hex')
  }
  const ours = (links: readonly ChainLink[], length: number): string =>
    chainDigest(width, { first, links, length, linkAt: (at) => at % links.length }).toString('hex')

  it('gives the digest of node:crypto for every length about the ends of blocks', () => {
    for (let length = 0; length <= 5 * size; length++) {
      const links = [{ before: Buffer.alloc(length, 7), after: nothing }]
      expect(ours(links, 1)).toBe(byCrypto(links, 1))
    }
  })

  it('gives it in chains of any links', () => {
    const octets = fc.uint8Array({ maxLength: 300 })
    const link = fc.record({ before: octets, after: octets })
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 40 }), (links, length) => {
        expect(ours(links, length)).toBe(byCrypto(links, length))
      }),
    )
  })

  it('takes links that need more memory than the first page', () => {
    const links = [{ before: Buffer.alloc(200_000, 1), after: Buffer.alloc(100_001, 2) }]
    expect(ours(links, 3)).toBe(byCrypto(links, 3))
    const short = [{ before: nothing, after: Buffer.from('x') }]
    expect(ours(short, 2)).toBe(byCrypto(short, 2))
  })
})
