import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../directory/address.ts'
import { decodeSrs, encodeSrs, isSrs } from './srs.ts'
import type { SrsSettings } from './srs.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21, 12)
const ours: SrsSettings = { domain: 'srs.example.org', secrets: ['first', 'older'] }

function made(sender: string, settings: SrsSettings = ours, at = NOW): string {
  const answer = encodeSrs(sender, at, settings)
  if (answer.kind !== 'rewritten') throw new Error(`${sender}: ${answer.kind}`)
  return answer.address
}

const local = fc
  .stringMatching(/^[A-Za-z0-9!#$%&'*/?^_`{|}~=+-]{1,8}(\.[A-Za-z0-9=+-]{1,3})?$/)
  .filter((text) => !isSrs(text))
const domain = fc.stringMatching(/^[a-z]{1,8}\.(example|test)$/)
const sender = fc.tuple(local, domain).map((parts) => parts.join('@'))
const time = fc.integer({ min: 0, max: 4_000_000_000_000 })

describe('encodeSrs and decodeSrs', () => {
  it('decode(encode(x)) = x for every sender and time', () => {
    fc.assert(
      fc.property(sender, time, fc.constantFrom('=', '+', '-'), (text, at, separator) => {
        const settings = { ...ours, separator } as SrsSettings
        expect(decodeSrs(made(text, settings, at), at, settings)).toEqual({
          kind: 'decoded',
          address: text,
          scheme: 'SRS0',
        })
      }),
    )
  })

  it('a chain of forwarders adds one host only, and each hop decodes to the first', () => {
    const hops: SrsSettings[] = ['one', 'two', 'three'].map((name) => ({ domain: `${name}.example`, secrets: [name] }))
    fc.assert(
      fc.property(sender, (text) => {
        const [one, two, three] = hops as [SrsSettings, SrsSettings, SrsSettings]
        const first = made(text, one)
        const second = made(first, two)
        const third = made(second, three)
        expect(third.replace('three.example', '').length).toBe(second.replace('two.example', '').length)
        expect(decodeSrs(third, NOW, three)).toEqual({ kind: 'decoded', address: first, scheme: 'SRS1' })
        expect(decodeSrs(second, NOW, two)).toEqual({ kind: 'decoded', address: first, scheme: 'SRS1' })
      }),
    )
  })

  it('refuses a change of any character, except of case and the base64 alphabet', () => {
    const alphabet = fc.constantFrom(...'abcxyzABCXYZ0123456789=+-_/.!'.split(''))
    fc.assert(
      fc.property(sender, fc.nat(), alphabet, fc.boolean(), (text, where, letter, chained) => {
        const arriving = chained ? made(text, { domain: 'one.example', secrets: ['1'] }) : text
        // A second hop may exceed 64 octets, which is another result.
        fc.pre(encodeSrs(arriving, NOW, ours).kind === 'rewritten')
        const good = made(arriving)
        const at = where % good.indexOf('@srs.')
        const bad = good.slice(0, at) + letter + good.slice(at + 1)
        const fold = (address: string) => address.toLowerCase().replaceAll('+', '-').replaceAll('/', '_')
        // The first separator may be any of the three.
        fc.pre(fold(bad) !== fold(good) && at !== 4)
        expect(decodeSrs(bad, NOW, ours).kind).not.toBe('decoded')
      }),
      { numRuns: 800 },
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `SRS0=${text}@srs.example.org`),
        ),
        (text) => {
          expect(['not-srs', 'other-domain', 'refused']).toContain(decodeSrs(text, NOW, ours).kind)
          encodeSrs(text, NOW, ours)
        },
      ),
    )
  })

  it('is decoded in any case, and with the other base64 alphabet', () => {
    for (let n = 0; n < 200; n += 1) {
      const good = made(`sender-${n}@far.example`)
      const answer = { kind: 'decoded', address: `sender-${n}@far.example`, scheme: 'SRS0' }
      expect(decodeSrs(good.toLowerCase(), NOW, ours)).toEqual(answer)
      const [, hash] = good.split('=') as [string, string]
      const other = hash.replaceAll('-', '+').replaceAll('_', '/')
      expect(decodeSrs(good.replace(hash, other), NOW, ours)).toEqual(answer)
    }
  })
})

describe('age', () => {
  const good = made('a@far.example')
  it.each([
    [0, 'decoded'],
    [21, 'decoded'],
    [22, 'expired'],
    [400, 'expired'],
    [-1, 'decoded'],
    [-2, 'from the future'],
    [1024, 'decoded'],
  ])('after %i days: %s', (days, expected) => {
    const answer = decodeSrs(good, NOW + days * DAY, ours)
    expect(answer.kind === 'refused' ? answer.reason : answer.kind).toBe(expected)
  })

  it('uses the maximum age of the settings', () => {
    expect(decodeSrs(good, NOW + 5 * DAY, { ...ours, maxAgeDays: 4 })).toEqual({ kind: 'refused', reason: 'expired' })
  })
})

describe('secrets and hash lengths', () => {
  it('signs with the first secret, verifies with all', () => {
    const old = made('a@far.example', { ...ours, secrets: ['older'] })
    expect(decodeSrs(old, NOW, ours).kind).toBe('decoded')
    expect(made('a@far.example')).toBe(made('a@far.example', { ...ours, secrets: ['first'] }))
    expect(decodeSrs(made('a@far.example', { ...ours, secrets: ['foreign'] }), NOW, ours)).toEqual({
      kind: 'refused',
      reason: 'wrong hash',
    })
  })

  it('writes a longer hash, and accepts shorter ones down to the minimum', () => {
    const short = made('a@far.example')
    const long: SrsSettings = { ...ours, hashLength: 8 }
    expect(made('a@far.example', long).split('=')[1]).toHaveLength(8)
    expect(decodeSrs(short, NOW, long)).toMatchObject({ kind: 'refused' })
    expect(decodeSrs(short, NOW, { ...long, hashMinimum: 4 })).toMatchObject({ kind: 'decoded' })
    expect(decodeSrs(made('a@far.example', long), NOW, ours)).toMatchObject({ kind: 'decoded' })
  })

  it('throws without a secret', () => {
    expect(() => encodeSrs('a@far.example', NOW, { domain: 'srs.example.org', secrets: [] })).toThrow(RangeError)
  })

  it('writes base64url by default', () => {
    for (let n = 0; n < 300; n += 1) expect(made(`s${n}@far.example`).split('=')[1]).toMatch(/^[\w-]{4}$/)
  })
})

describe('senders that are never rewritten', () => {
  it.each([
    [null, 'null sender'],
    ['', 'null sender'],
    ['postmaster', 'no domain'],
    ['kim@example.org', 'own domain'],
    ['kim@srs.example.org', 'own domain'],
    ['SRS0=abcd=XY=far.example=a@srs.example.org', 'own SRS address'],
    ['SRS0=abcd=XY=far.example=a@old-srs.example.org', 'own SRS address'],
  ])('%s: %s', (text, reason) => {
    const settings = { ...ours, formerDomains: ['old-srs.example.org'] }
    expect(encodeSrs(text, NOW, settings, (name) => name === 'example.org')).toEqual({ kind: 'unchanged', reason })
  })

  it('never makes a local part above 64 octets', () => {
    expect(encodeSrs(`${'a'.repeat(39)}@far.example`, NOW, ours).kind).toBe('rewritten')
    expect(encodeSrs(`${'a'.repeat(40)}@far.example`, NOW, ours)).toEqual({ kind: 'too-long', octets: 65 })
    expect(encodeSrs(`${'ü'.repeat(20)}@far.example`, NOW, ours)).toEqual({ kind: 'too-long', octets: 65 })
  })
})

it('a time before 1970 has a stamp, too', () => {
  const then = Date.UTC(1960, 0, 1)
  const address = made('a@far.example', ours, then)
  expect(address).toMatch(/^SRS0=.{4}=[A-Z2-7]{2}=far\.example=a@srs\.example\.org$/)
  expect(decodeSrs(address, then, ours)).toMatchObject({ kind: 'decoded' })
})

describe('foreign addresses', () => {
  it.each([
    ['kim@srs.example.org', { kind: 'not-srs' }],
    ['SRS0=abcd=XY=far.example=a@elsewhere.example', { kind: 'other-domain' }],
    ['SRS0=abcd=XY@srs.example.org', { kind: 'refused', reason: 'malformed' }],
    ['SRS0=@srs.example.org', { kind: 'refused', reason: 'malformed' }],
    ['SRS1=abcd=far.example=x@srs.example.org', { kind: 'refused', reason: 'malformed' }],
    ['SRS1=abcd=far.example==x@srs.example.org', { kind: 'refused', reason: 'wrong hash' }],
  ])('%s', (text, answer) => expect(decodeSrs(text, NOW, ours)).toEqual(answer))

  it('still decodes for an earlier SRS domain', () => {
    const old = made('a@far.example', { ...ours, domain: 'old-srs.example.org' })
    expect(decodeSrs(old, NOW, { ...ours, formerDomains: ['old-srs.example.org'] }).kind).toBe('decoded')
    expect(decodeSrs(old, NOW, ours).kind).toBe('other-domain')
  })
})

describe('unusual senders', () => {
  it('a quoted local part stays quoted, and the SRS address is a valid mailbox', () => {
    const address = made('"Blah blah"@far.example')
    expect(parseAddress(address)).not.toBeNull()
    expect(address).toMatch(/^"SRS0=.*=Blah blah"@srs\.example\.org$/)
    expect(decodeSrs(address, NOW, ours)).toMatchObject({ address: '"Blah blah"@far.example' })
  })

  it('keeps equal signs and case of the local part', () => {
    expect(decodeSrs(made('A=b=C@far.example'), NOW, ours)).toMatchObject({ address: 'A=b=C@far.example' })
  })

  it('an address that only starts like SRS is encoded like any other', () => {
    expect(made('srs0-fans@far.example')).toMatch(/^SRS0=.{4}=..=far\.example=srs0-fans@/)
  })

  it('a foreign SRS1 address keeps its first host', () => {
    const address = made('SRS1=wxyz=first.example==abcd=XY=far.example=a@second.example')
    expect(address).toMatch(/^SRS1=.{4}=first\.example==abcd=XY=far\.example=a@srs\.example\.org$/)
  })
})
