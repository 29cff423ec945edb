import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, decodeName, decodePlain } from './sasl.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const malformed = { kind: 'malformed' }

describe('decodePlain (RFC 4616)', () => {
  it.each([
    ['\0tim\0tanstaaftanstaaf', { authzid: null, user: 'tim', password: 'tanstaaftanstaaf' }],
    ['u@d\0u@d\0pass', { authzid: 'u@d', user: 'u@d', password: 'pass' }],
    ['u@d\0\0pass', { authzid: 'u@d', user: 'u@d', password: 'pass' }],
    ['\0\u00f1aca@\u00f1eque\0clavar\u00e9', { authzid: null, user: '\u00f1aca@\u00f1eque', password: 'clavar\u00e9' }],
  ])('reads %j', (text, expected) => {
    expect(decodePlain(base64(text))).toEqual({ kind: 'plain', ...expected })
  })

  it('reads an authzid of another user: the login decides about it', () => {
    const message = { kind: 'plain', authzid: 'Ursel', user: 'Kurt', password: 'xipj3plmq' }
    expect(decodePlain(base64('Ursel\0Kurt\0xipj3plmq'))).toEqual(message)
  })

  it.each(['', '\0', '\0\0', '\0\0\0', 'a\0b', '\0a\0', '\0\0p', 'a\0b\0c\0d', '\0a\nb\0p', 'a\u0085\0\0p'])(
    'refuses %j',
    (text) => {
      expect(decodePlain(base64(text))).toEqual(malformed)
    },
  )

  it('refuses a name longer than any address: throttle, ledger and log keep names', () => {
    const named = (octets: number) => decodePlain(base64(`\0${'n'.repeat(octets)}\0p`)).kind
    expect([named(320), named(321), named(9000)]).toEqual(['plain', 'malformed', 'malformed'])
    expect(decodePlain(base64(`${'n'.repeat(9000)}\0n\0p`)).kind).toBe('malformed')
    expect(decodeName(base64('é'.repeat(160)))).toBe('é'.repeat(160))
    expect(decodeName(base64('é'.repeat(161)))).toBeNull()
  })

  it('refuses what is not UTF-8', () => {
    expect(decodePlain(Buffer.from('\0\xff\0p', 'latin1').toString('base64'))).toEqual(malformed)
  })

  it('decodes every message that a client can encode', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}]/u.test(text))
    fc.assert(
      fc.property(word, word, (user, password) => {
        expect(decodePlain(base64(`\0${user}\0${password}`))).toEqual({ kind: 'plain', authzid: null, user, password })
      }),
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void decodePlain(text)))
  })
})

describe('decodeBase64', () => {
  it.each(['a', 'ab', 'abc', 'ab=', 'a===', 'ab==x', 'a b=', '====', 'YQ', 'YQ==\n', '-_-_'])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeNull()
  })

  it('reads the empty text', () => {
    expect(decodeBase64('')).toBe('')
  })
})

describe('decodeName', () => {
  it('refuses control characters, which would split logs and headers', () => {
    expect(decodeName(base64('lee'))).toBe('lee')
    expect(decodeName(base64('l\r\nee'))).toBeNull()
    expect(decodeName(base64('l\u0000ee'))).toBeNull()
  })
})
