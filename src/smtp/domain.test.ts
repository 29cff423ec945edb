import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressLiteral, asciiDomain, literalAddress, unicodeDomain } from './domain.ts'

describe('asciiDomain', () => {
  test.each([
    ['Example.ORG', 'example.org'],
    ['localhost', 'localhost'],
    ['My_Host.example', 'my_host.example'],
    ['_a_.b_.example', '_a_.b_.example'],
    ['a-b.c--d.example', 'a-b.c--d.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['straße.example', 'xn--strae-oqa.example'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['1.2.3.4', '1.2.3.4'],
  ])('%s is %s', (text, domain) => expect(asciiDomain(text)).toBe(domain))

  test.each([
    '',
    '.',
    'example.',
    '.example',
    'a..b',
    '-a.example',
    'a-.example',
    'a b.example',
    `${'a'.repeat(64)}.example`,
    Array.from({ length: 52 }, () => 'abcd').join('.'),
    'ｅxample.org',
    'example。org',
    '１.２.３.４',
    'bü%63her.example',
    'bü:25',
    'ü@example',
    'ü/x',
    'a\u200bü.example',
    '\ud800.example',
    'exa\0mple.org',
    `${'ü'.repeat(60)}.example`,
  ])('%j is none', (text) => {
    expect(asciiDomain(text)).toBeNull()
  })

  test('takes 255 octets and not one more', () => {
    const label = 'a'.repeat(63)
    expect(asciiDomain([label, label, label, label].join('.'))).not.toBeNull()
    expect(asciiDomain([label, label, label, label.slice(1), ''].join('.') + 'bb')).toBeNull()
  })

  test('is its own fixed point and never answers anything but letters, digits, hyphens, underscores and dots', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
        const domain = asciiDomain(text)
        if (domain === null) return
        expect(domain).toMatch(/^[a-z0-9._-]+$/)
        expect(asciiDomain(domain)).toBe(domain)
      }),
    )
  })
})

test('unicodeDomain is for eyes', () => {
  expect(unicodeDomain('xn--bcher-kva.example')).toBe('bücher.example')
  expect(unicodeDomain('example.org')).toBe('example.org')
  expect(unicodeDomain('xn--a.example')).toBe('xn--a.example')
})

describe('address literals', () => {
  test.each([
    ['[192.0.2.1]', '192.0.2.1'],
    ['[IPv6:2001:DB8::1]', '2001:db8::1'],
    ['[ipv6:::ffff:192.0.2.1]', '::ffff:192.0.2.1'],
  ])('%s holds %s', (text, ip) => {
    expect(literalAddress(text)).toBe(ip)
    expect(addressLiteral(text)).toBe(text.toLowerCase())
  })

  test.each([
    '[]',
    '[192.0.2]',
    '[192.0.2.256]',
    '[192.0.2.01]',
    '[2001:db8::1]',
    '[IPv6:]',
    '[IPv6:fe80::1%eth0]',
    '[IPv6:192.0.2.1]',
    '[IPv6:1:2:3:4:5:6:7::]',
    '[IPv6:1:2:3:4:5::192.0.2.1]',
    '[192.0.2.1',
    '192.0.2.1]',
    '[x:y]',
  ])('%s is none', (text) => expect(addressLiteral(text)).toBeNull())
})
