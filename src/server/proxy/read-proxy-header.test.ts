import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binaryHeader, withSum } from '../../../test/lib/proxy-headers.ts'
import { readProxyHeader } from './read-proxy-header.ts'

const read = (text: string) => readProxyHeader(Buffer.from(text, 'latin1'))
const malformedFor = (reason: string) => ({ kind: 'malformed', reason })

describe('a header of text', () => {
  it.each([
    ['TCP4 203.0.113.7 192.0.2.25 40000 25', { ip: '203.0.113.7', port: 40_000 }],
    ['TCP4 203.0.113.7 192.0.2.25 0 65535', { ip: '203.0.113.7', port: 0 }],
    ['TCP6 2001:DB8:0:0::7 2001:db8::25 40000 25', { ip: '2001:db8::7', port: 40_000 }],
    ['TCP6 ::ffff:203.0.113.7 ::ffff:192.0.2.25 40000 25', { ip: '203.0.113.7', port: 40_000 }],
    ['UNKNOWN', null],
    ['UNKNOWN ffff:f...f:ffff 1 2 whatever', null],
  ])('PROXY %s', (rest, client) => {
    const line = `PROXY ${rest}\r\n`
    expect(read(`${line}EHLO x\r\n`)).toEqual({ kind: 'complete', length: line.length, client })
  })

  it.each([
    ['GET / HTTP/1.1\r\n', 'no PROXY header'],
    ['EHLO client.example.net\r\n', 'no PROXY header'],
    ['proxy TCP4 203.0.113.7 192.0.2.25 1 25\r\n', 'no PROXY header'],
    ['PROXY\tTCP4 203.0.113.7 192.0.2.25 1 25\r\n', 'no PROXY header'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 1 25\n', 'the line ends without CR'],
    ['PROXY \n', 'the line ends without CR'],
    ['PROXY \r\n', 'the family is none of TCP4, TCP6, UNKNOWN'],
    ['PROXY tcp4 203.0.113.7 192.0.2.25 1 25\r\n', 'the family is none of TCP4, TCP6, UNKNOWN'],
    ['PROXY UDP4 203.0.113.7 192.0.2.25 1 25\r\n', 'the family is none of TCP4, TCP6, UNKNOWN'],
    ['PROXY constructor 203.0.113.7 192.0.2.25 1 25\r\n', 'the family is none of TCP4, TCP6, UNKNOWN'],
    ['PROXY  TCP4 203.0.113.7 192.0.2.25 1 25\r\n', 'the family is none of TCP4, TCP6, UNKNOWN'],
    ['PROXY TCP4\r\n', 'not two addresses of TCP4'],
    ['PROXY TCP4 2001:db8::7 2001:db8::25 1 25\r\n', 'not two addresses of TCP4'],
    ['PROXY TCP6 203.0.113.7 192.0.2.25 1 25\r\n', 'not two addresses of TCP6'],
    ['PROXY TCP6 fe80::1%eth0 2001:db8::25 1 25\r\n', 'not two addresses of TCP6'],
    ['PROXY TCP4 203.0.113.07 192.0.2.25 1 25\r\n', 'not two addresses of TCP4'],
    ['PROXY TCP4 203.0.113 192.0.2.25 1 25\r\n', 'not two addresses of TCP4'],
    ['PROXY TCP4 203.0.113.7 mx.example.org 1 25\r\n', 'not two addresses of TCP4'],
    ['PROXY TCP4 203.0.113.7\0 192.0.2.25 1 25\r\n', 'not two addresses of TCP4'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25\r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 1\r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 1 25 \r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 1 25 more\r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 01 25\r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 -1 25\r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 1 65536\r\n', 'not two ports'],
    ['PROXY TCP4 203.0.113.7 192.0.2.25 1 0x19\r\n', 'not two ports'],
    ['PROXY TCP4 0.0.0.0 192.0.2.25 1 25\r\n', '0.0.0.0 is not the address of a client'],
    ['PROXY TCP4 224.0.0.1 192.0.2.25 1 25\r\n', '224.0.0.1 is not the address of a client'],
    ['PROXY TCP4 255.255.255.255 192.0.2.25 1 25\r\n', '255.255.255.255 is not the address of a client'],
    ['PROXY TCP6 :: 2001:db8::25 1 25\r\n', ':: is not the address of a client'],
    ['PROXY TCP6 ff02::1 2001:db8::25 1 25\r\n', 'ff02::1 is not the address of a client'],
    [`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'the line is too long'],
  ])('%j is malformed', (text, reason) => {
    expect(read(text)).toEqual(malformedFor(reason))
  })

  it('may have 107 octets', () => {
    const line = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`
    expect(line.length).toBe(107)
    expect(read(line)).toEqual({ kind: 'complete', length: 107, client: null })
    expect(read(line.slice(0, -1))).toEqual({ kind: 'incomplete' })
  })
})

describe('a binary header', () => {
  const ipv4 = { command: 1, family: 0x11, addresses: [203, 0, 113, 7, 192, 0, 2, 25, 0x9c, 0x40, 0, 25] }
  const client6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]
  const ipv6 = { command: 1, family: 0x21, addresses: [...client6, ...client6, 0x9c, 0x40, 0, 25] }
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7]
  const sslTlv = [0x20, 0, 5, 1, 0, 0, 0, 0]

  it.each([
    ['IPv4', binaryHeader(ipv4), '203.0.113.7'],
    ['IPv6', binaryHeader(ipv6), '2001:db8::7'],
    [
      'a mapped address',
      binaryHeader({ ...ipv6, addresses: [...mapped, ...mapped, 0x9c, 0x40, 0, 25] }),
      '203.0.113.7',
    ],
    ['TLVs', binaryHeader({ ...ipv4, tlvs: [...sslTlv, 0xee, 0, 0] }), '203.0.113.7'],
    ['a checksum', withSum({ ...ipv4, tlvs: sslTlv }), '203.0.113.7'],
    ['a checksum in IPv6', withSum(ipv6), '2001:db8::7'],
    ['LOCAL', binaryHeader({ command: 0, family: 0 }), null],
    ['LOCAL with addresses', binaryHeader({ ...ipv4, command: 0 }), null],
    ['LOCAL with another family', binaryHeader({ command: 0, family: 0x31, addresses: [1, 2, 3] }), null],
    ['LOCAL with a checksum', withSum({ command: 0, family: 0 }), null],
    ['LOCAL with an odd rest', binaryHeader({ command: 0, family: 0x11, addresses: [1, 2, 3] }), null],
    ['an unspecified family', binaryHeader({ command: 1, family: 0, addresses: [1, 2, 3] }), null],
    ['the longest rest', binaryHeader({ ...ipv4, tlvs: [0xee, 0x0f, 0xf1, ...Array(4081).fill(1)] }), '203.0.113.7'],
  ])('with %s', (_, header, ip) => {
    const octets = Buffer.concat([header, Buffer.from('EHLO x\r\n')])
    expect(readProxyHeader(octets)).toEqual({
      kind: 'complete',
      length: header.length,
      client: ip && { ip, port: 40_000 },
    })
  })

  const wrongSum = withSum(ipv4)
  wrongSum.writeUInt32BE(wrongSum.readUInt32BE(wrongSum.length - 4) ^ 1, wrongSum.length - 4)
  const wrongLocalSum = withSum({ command: 0, family: 0 })
  wrongLocalSum.writeUInt8(wrongLocalSum.readUInt8(19) ^ 1, 19)
  it.each([
    ['version 1', binaryHeader({ ...ipv4, version: 1 }), 'version 1'],
    ['version 3', binaryHeader({ ...ipv4, version: 3 }), 'version 3'],
    ['command 2', binaryHeader({ ...ipv4, command: 2 }), 'command 2'],
    ['datagrams', binaryHeader({ ...ipv4, family: 0x12 }), 'address family and transport 0x12'],
    ['a Unix socket', binaryHeader({ ...ipv4, family: 0x31 }), 'address family and transport 0x31'],
    ['a family without a transport', binaryHeader({ ...ipv4, family: 0x10 }), 'address family and transport 0x10'],
    ['an unknown family', binaryHeader({ ...ipv4, family: 0xf1 }), 'address family and transport 0xf1'],
    ['addresses of IPv4 for IPv6', binaryHeader({ ...ipv4, family: 0x21 }), 'addresses and TLVs do not fit'],
    ['no addresses', binaryHeader({ command: 1, family: 0x11 }), 'addresses and TLVs do not fit'],
    ['a TLV without a length', binaryHeader({ ...ipv4, tlvs: [3, 0] }), 'addresses and TLVs do not fit'],
    ['a TLV beyond the end', binaryHeader({ ...ipv4, tlvs: [0xee, 0, 2, 1] }), 'addresses and TLVs do not fit'],
    ['a wrong checksum', wrongSum, 'the checksum is wrong'],
    ['LOCAL and a wrong checksum', wrongLocalSum, 'the checksum is wrong'],
    ['a short checksum', binaryHeader({ ...ipv4, tlvs: [3, 0, 2, 0, 0] }), 'the checksum is wrong'],
    ['two checksums', withSum({ ...ipv4, tlvs: [3, 0, 4, 0, 0, 0, 0] }), 'the checksum is wrong'],
    ['too many octets', binaryHeader({ ...ipv4, claimed: 4097 }), '4097 octets of addresses and TLVs'],
    [
      'an address of no client',
      binaryHeader({ ...ipv4, addresses: [0, 0, 0, 0, 192, 0, 2, 25, 0, 1, 0, 25] }),
      '0.0.0.0 is not the address of a client',
    ],
    ['another signature', Buffer.from('\r\n\r\n\0\r\nQUIT\r', 'latin1'), 'no PROXY header'],
  ])('with %s is malformed', (_, header, reason) => {
    expect(readProxyHeader(header)).toEqual(malformedFor(reason))
  })

  it.each([
    ['version 1', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.25 40000 25\r\n')],
    ['version 2', withSum({ ...ipv4, tlvs: sslTlv })],
  ])('is incomplete until its last octet (%s)', (_, header) => {
    for (let length = 0; length < header.length; length++)
      expect(readProxyHeader(header.subarray(0, length))).toEqual({ kind: 'incomplete' })
    expect(readProxyHeader(header)).toMatchObject({ kind: 'complete', length: header.length })
  })
})

describe('any octets', () => {
  const starts = [
    Buffer.alloc(0),
    Buffer.from('PROXY TCP4 '),
    binaryHeader({ command: 1, family: 0x11 }).subarray(0, 14),
  ]
  const octets = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }))
    .map(([start, rest]) => Buffer.concat([start, rest]))

  it('get the same answer, however they are split', () => {
    fc.assert(
      fc.property(octets, (all) => {
        const parts = Array.from(all, (_, length) => readProxyHeader(all.subarray(0, length)))
        const first = parts.find(({ kind }) => kind !== 'incomplete')
        if (first) expect(readProxyHeader(all)).toEqual(first)
      }),
    )
  })

  it('are never incomplete beyond the limit', () => {
    const long = fc.uint8Array({ minLength: 16 + 4096, maxLength: 16 + 4096 })
    fc.assert(
      fc.property(fc.constantFrom(...starts), long, (start, rest) => {
        expect(readProxyHeader(Buffer.concat([start, rest])).kind).not.toBe('incomplete')
      }),
    )
  })

  it('of a valid header of any client name that client', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.nat(65_535), fc.uint8Array({ maxLength: 50 }), (client, port, rest) => {
        const line = Buffer.from(`PROXY TCP6 ${client} 2001:db8::25 ${port} 25\r\n`)
        const header = readProxyHeader(Buffer.concat([line, rest]))
        if (header.kind === 'complete') expect(header.length).toBe(line.length)
        else expect(header).toMatchObject({ reason: expect.stringContaining('is not the address of a client') })
      }),
    )
  })
})
