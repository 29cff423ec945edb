import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressKey, isPublicName, normalDomain, parseAddress, printAddress, splitTag } from './address.ts'

describe('parseAddress', () => {
  it.each([
    ['kim@example.org', 'kim', 'example.org'],
    ['Kim.X@Example.ORG.', 'Kim.X', 'example.org'],
    ['"kim"@example.org', 'kim', 'example.org'],
    ['"a b"@example.org', 'a b', 'example.org'],
    ['"a\\"b\\\\"@example.org', 'a"b\\', 'example.org'],
    ['"a@b"@example.org', 'a@b', 'example.org'],
    ['kim@bücher.example', 'kim', 'xn--bcher-kva.example'],
    ['ünal@example.org', 'ünal', 'example.org'],
    ['kim@[192.0.2.1]', 'kim', '[192.0.2.1]'],
    ['kim@[IPv6:2001:DB8::1]', 'kim', '[ipv6:2001:db8::1]'],
    ['a..b@example.org', 'a..b', 'example.org'],
    ["o'brien+tag/x=y@example.org", "o'brien+tag/x=y", 'example.org'],
  ])('%s', (text, local, domain) => expect(parseAddress(text)).toEqual({ local, domain }))

  it.each([
    '',
    'kim',
    '@',
    '@example.org',
    'kim@',
    'a@b@c.example',
    '"kim@example.org',
    '"kim"x@example.org',
    'a b@example.org',
    'kim@exa mple.org',
    'kim@-a.example',
    'kim@a..example',
    'kim@[1.2.3]',
    'kim@[example.org]',
    '<kim@example.org>',
    'kim\u0000@example.org',
    'kim@example.org\n',
    'a,b@example.org',
    '""@example.org',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeNull())

  it('a printed address reads back as the same', () => {
    const local = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })
    fc.assert(
      fc.property(local, (text) => {
        const address = { local: text, domain: 'example.org' }
        expect(parseAddress(printAddress(address))).toEqual(address)
      }),
    )
  })

  it('never throws, and never splits one address', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '@', '"', '\\', '.', ' ', '[', 'é', '%') }), (text) => {
        const address = parseAddress(text)
        if (address) expect(parseAddress(printAddress(address))).toEqual(address)
      }),
    )
  })
})

describe('keys and parts', () => {
  it('a key is case-insensitive', () => {
    expect(addressKey({ local: 'Kim.X', domain: 'example.org' })).toBe('kim.x@example.org')
  })

  it.each([
    ['kim+x', '+', { base: 'kim', tag: 'x' }],
    ['kim+x+y', '+', { base: 'kim', tag: 'x+y' }],
    ['kim+', '+', { base: 'kim', tag: '' }],
    ['+x', '+', null],
    ['kim', '+', null],
    ['kim-x', '-', { base: 'kim', tag: 'x' }],
    ['kim+x', '', null],
  ])('splitTag(%s, %s)', (local, delimiter, parts) => expect(splitTag(local, delimiter)).toEqual(parts))

  it.each([
    ['EXAMPLE.org', 'example.org'],
    ['example.org.', 'example.org'],
    ['example.org..', null],
    ['.', null],
    ['', null],
    ['[127.0.0.1]', '[127.0.0.1]'],
    ['ex%61mple.org', null],
  ])('normalDomain(%s) is %s', (text, domain) => expect(normalDomain(text)).toBe(domain))

  it.each([
    ['example.org', true],
    ['xn--bcher-kva.example', true],
    ['1.example', true],
    ['localhost', false],
    ['[192.0.2.1]', false],
    ['192.0.2.1', false],
    ['127.1', false],
    ['0x7f.1', false],
    ['a.0x7f', false],
  ])('isPublicName(%s): %s', (domain, expected) => expect(isPublicName(domain)).toBe(expected))
})
