// Which hashes are accepted after a change of their length, and for how long.

import { describe, expect, it } from 'vitest'
import { nextHashLengths, parseHashLengths } from './hash-transition.ts'
import { decodeSrs, encodeSrs, type SrsSettings } from './srs.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)
const change = (length: number, at = NOW) => ({ length, at, validMs: 28 * DAY })

describe('the lengths of hashes in use', () => {
  it('without a record include the four characters of earlier versions', () => {
    expect(nextHashLengths(null, change(8))).toEqual({ length: 8, earlier: { minimum: 4, until: NOW + 28 * DAY } })
    expect(nextHashLengths(null, change(4))).toEqual({ length: 4, earlier: null })
  })

  it('do not change with another start', () => {
    const first = nextHashLengths(null, change(8))
    expect(nextHashLengths(first, change(8, NOW + 90 * DAY))).toBe(first)
  })

  it('keep the shortest one that can be in use after each change', () => {
    const first = nextHashLengths(null, change(8))
    const soon = NOW + 5 * DAY
    expect(nextHashLengths(first, change(12, soon)).earlier).toEqual({ minimum: 4, until: soon + 28 * DAY })
    const late = NOW + 40 * DAY
    expect(nextHashLengths(first, change(12, late)).earlier).toEqual({ minimum: 8, until: late + 28 * DAY })
    expect(nextHashLengths(first, change(6, late))).toEqual({ length: 6, earlier: null })
  })

  it('are read as written, and other text is no record', () => {
    const lengths = nextHashLengths(null, change(8))
    expect(parseHashLengths(JSON.stringify(lengths))).toEqual(lengths)
    for (const text of ['', '{}', '{"length":8', '{"length":"8","earlier":null}', 'null'])
      expect(parseHashLengths(text)).toBeNull()
  })
})

describe('a hash of eight characters', () => {
  const four: SrsSettings = { domain: 'srs.example.org', secrets: ['s'] }
  const eight: SrsSettings = { ...four, hashLength: 8 }
  const sender = (octets: number) => `${'a'.repeat(octets - '@far.example'.length)}@far.example`
  const hashOf = (address: string, settings: SrsSettings) => {
    const made = encodeSrs(address, NOW, settings)
    return made.kind === 'rewritten' ? (/^SRS[01]=([^=]+)/.exec(made.address)?.[1]?.length ?? 0) : made.kind
  }

  it('gives way to a long sender down to six, and the shorter form is accepted', () => {
    const lengths = [40, 47, 48, 49, 50, 51].map((octets) => hashOf(sender(octets), eight))
    expect(lengths).toEqual([8, 8, 7, 6, 'too-long', 'too-long'])
    expect(hashOf(sender(51), four)).toBe(4)
    for (const octets of [47, 48, 49]) {
      const made = encodeSrs(sender(octets), NOW, eight)
      const address = made.kind === 'rewritten' ? made.address : ''
      expect(decodeSrs(address, NOW, eight)).toMatchObject({ kind: 'decoded', address: sender(octets) })
    }
  })

  it('is required where it has the space, except while addresses of the earlier length are valid', () => {
    const old = encodeSrs('ann@far.example', NOW, four)
    const address = old.kind === 'rewritten' ? old.address : ''
    expect(decodeSrs(address, NOW, eight)).toEqual({ kind: 'refused', reason: 'wrong hash' })
    const until = NOW + 10 * DAY
    const during = { ...eight, shortHashes: { minimum: 4, until } }
    expect(decodeSrs(address, until, during)).toMatchObject({ kind: 'decoded' })
    expect(decodeSrs(address, until + 1, during)).toEqual({ kind: 'refused', reason: 'wrong hash' })
    expect(decodeSrs(address, until + 1, { ...eight, hashMinimum: 4 })).toMatchObject({ kind: 'decoded' })
  })

  it('and the same for SRS1, whose inner address another forwarder made', () => {
    const made = encodeSrs('SRS0=abcd=XY=example.com=someone@first.example', NOW, eight)
    const address = made.kind === 'rewritten' ? made.address : ''
    expect(address).toMatch(/^SRS1=[\w-]{6,8}=first\.example==abcd=XY=example\.com=someone@/)
    expect(decodeSrs(address, NOW, eight)).toMatchObject({ kind: 'decoded', scheme: 'SRS1' })
  })
})
