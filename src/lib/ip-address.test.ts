import { BlockList, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressFromOctets,
  canonicalAddress,
  addressClass,
  addressOctets,
  clientNetwork,
  isLoopbackAddress,
  isLoopbackHost,
  isPublicAddress,
  networkAround,
  networkMatcher,
  parseNetwork,
} from './ip-address.ts'

describe('clientNetwork', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
    ['Unix Socket', 'unix socket'],
  ])('%s is of %s', (ip, network) => {
    expect(clientNetwork(ip)).toBe(network)
  })
})

describe('addressOctets', () => {
  // Forms that ipaddr.js alone reads as addresses: short, hexadecimal, octal and with leading zeros.
  it.each(['127.1', '0x7f.0.0.1', '0177.0.0.1', '192.0.2.01', '2130706433', '192.0.2.256', '::1::', 'localhost', ''])(
    '%s is no address',
    (text) => expect(addressOctets(text)).toBeNull(),
  )

  it('reads the deprecated IPv4-compatible form as IPv6, in both spellings', () => {
    expect(addressOctets('::192.0.2.1')).toEqual([...Array(12).fill(0), 192, 0, 2, 1])
    expect(addressOctets('::c000:201')).toEqual(addressOctets('::192.0.2.1'))
  })

  it('agrees with the URL parser on every IPv6 spelling', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const octets = addressOctets(ip)
        const canonical = addressOctets(new URL(`http://[${ip}]`).hostname.slice(1, -1))
        expect(octets).toEqual(canonical)
        expect(octets).not.toBeNull()
      }),
    )
  })
})

describe('address classes', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.255.255', true],
    ['128.0.0.1', false],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['::', false],
    ['0.0.0.0', false],
    ['fe80::1%lo', false],
    ['localhost', false],
  ])('%s is a loopback address: %s', (ip, wanted) => {
    expect(isLoopbackAddress(ip)).toBe(wanted)
  })

  it.each([
    ['localhost', true],
    ['[::1]', true],
    ['127.0.0.53', true],
    ['127.example.org', false],
    ['localhost.example.org', false],
    ['10.0.0.1', false],
  ])('%s is a loopback host: %s', (host, wanted) => {
    expect(isLoopbackHost(host)).toBe(wanted)
  })

  it.each([
    ['192.0.2.1', true],
    ['10.1.2.3', false],
    ['172.15.0.1', true],
    ['172.31.0.1', false],
    ['100.63.255.255', true],
    ['100.64.0.1', false],
    ['100.127.255.255', false],
    ['100.128.0.1', true],
    ['169.254.1.1', false],
    ['0.1.2.3', false],
    ['192.0.0.1', true],
    ['2001:db8::1', true],
    ['3fff::1', true],
    ['4000::1', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['::1', false],
    ['not an address', false],
  ])('%s is public: %s', (ip, wanted) => {
    expect(isPublicAddress(ip)).toBe(wanted)
  })

  it('of what is no address is null', () => {
    expect(addressClass('mx.example.org')).toBeNull()
  })
})

describe('the usual form of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['2001:DB8:0:0::7', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['mx.example.org', null],
  ])('of %s is %s', (ip, wanted) => {
    expect(canonicalAddress(ip)).toBe(wanted)
  })

  it.each([
    [[203, 0, 113, 7], '203.0.113.7'],
    [[0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 7], '2001:db8::7'],
    [[...Array(10).fill(0), 255, 255, 203, 0, 113, 7], '203.0.113.7'],
  ])('comes from the octets %j', (octets, wanted) => {
    expect(addressFromOctets(Uint8Array.from(octets))).toBe(wanted)
  })
})

describe('networks', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1/32'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['192.0.2.0/33', null],
    ['2001:db8::/129', null],
    ['192.0.2.0/', null],
    ['192.0.2.0/-1', null],
    ['192.0.2.0/24/24', null],
    ['192.0.2/24', null],
    ['mx.example.org', null],
  ])('%s is read as %s', (text, network) => {
    expect(parseNetwork(text)).toBe(network)
  })

  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.0/24', '::ffff:192.0.2.7', true],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::ffff:192.0.2.0/120', '192.0.2.7', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['192.0.2.0/24', 'unix socket', false],
  ])('%s holds %s: %s', (network, ip, wanted) => {
    expect(networkMatcher([network])(ip)).toBe(wanted)
  })

  it.each([
    ['192.0.2.77', 24, '192.0.2.0/24'],
    ['::ffff:192.0.2.77', 22, '192.0.0.0/22'],
    ['192.0.2.77', 48, null],
    ['2001:db8:0:1:2::3', 64, '2001:db8:0:1::/64'],
    ['2001:db8:0:1:2::3', 32, '2001:db8::/32'],
    ['name', 8, null],
  ])('around %s with %s bits: %s', (ip, bits, network) => {
    expect(networkAround(ip, bits)).toBe(network)
  })

  it("agree with Node's own list", () => {
    const octets = (length: number) =>
      fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: length, maxLength: length })
    const four = octets(4).map((parts) => parts.join('.'))
    const six = octets(8).map((parts) => parts.map((part) => (part * 257).toString(16)).join(':'))
    const check = (start: string, bits: number, ip: string) => {
      const list = new BlockList()
      list.addSubnet(start, bits, isIPv6(start) ? 'ipv6' : 'ipv4')
      expect(networkMatcher([`${start}/${bits}`])(ip)).toBe(list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4'))
    }
    fc.assert(fc.property(four, fc.integer({ min: 0, max: 32 }), four, check))
    fc.assert(fc.property(six, fc.integer({ min: 0, max: 128 }), six, check))
  })
})
