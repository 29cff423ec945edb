import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUtf8Address, decodeXtext, encodeUtf8Address, encodeXtext } from './xtext.ts'

const text = fc.string({ unit: 'grapheme' })

describe('xtext', () => {
  test('encodes plus, equals, space and what is not printable', () => {
    expect(encodeXtext('a+b=c d\n')).toBe('a+2Bb+3Dc+20d+0A')
    expect(encodeXtext('é')).toBe('+C3+A9')
    expect(decodeXtext('a+2Bb+3Dc')).toBe('a+b=c')
  })

  test.each(['a b', 'a=b', '+', '+2', '+2b', '+GG', 'é', 'a\r\n', '+FF'])('refuses %j', (bad) => {
    expect(decodeXtext(bad)).toBeNull()
  })

  test('round trip', () => {
    fc.assert(fc.property(text, (t) => decodeXtext(encodeXtext(t)) === t))
  })

  test('what is encoded holds only what a parameter value may hold (RFC 5321 4.1.2 esmtp-value)', () => {
    fc.assert(fc.property(text, (t) => /^[!-<>-~]*$/.test(encodeXtext(t))))
  })
})

describe('UTF-8 addresses (RFC 6533)', () => {
  test('embedded and raw forms', () => {
    expect(encodeUtf8Address('jörg+x@example.org', false)).toBe('j\\x{F6}rg\\x{2B}x@example.org')
    expect(encodeUtf8Address('jörg+x@example.org', true)).toBe('jörg\\x{2B}x@example.org')
    expect(decodeUtf8Address('j\\x{F6}rg', false)).toBe('jörg')
    expect(decodeUtf8Address('jörg', false)).toBeNull()
    expect(decodeUtf8Address('jörg', true)).toBe('jörg')
  })

  test.each(['\\x{}', '\\x{110000}', '\\x{D800}', '\\x{1234567}', '\\y', 'a b', 'a+b', 'a=b', '\\x{f6}'])(
    'refuses %j',
    (bad) => {
      expect(decodeUtf8Address(bad, false)).toBeNull()
      expect(decodeUtf8Address(bad, true)).toBeNull()
    },
  )

  test('round trip in both forms', () => {
    fc.assert(
      fc.property(
        text,
        fc.boolean(),
        (t, smtputf8) => decodeUtf8Address(encodeUtf8Address(t, smtputf8), smtputf8) === t,
      ),
    )
  })
})
