import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reverseName } from './fcrdns.ts'

describe('the name of an address', () => {
  test.each([
    ['192.0.2.1', '1.2.0.192.in-addr.arpa'],
    ['0.0.0.0', '0.0.0.0.in-addr.arpa'],
    ['::ffff:192.0.2.1', '1.2.0.192.in-addr.arpa'],
    ['::ffff:c000:201', '1.2.0.192.in-addr.arpa'],
    // RFC 3596 2.5
    ['4321:0:1:2:3:4:567:89ab', 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa'],
    ['::1', `1.${'0.'.repeat(31)}ip6.arpa`],
    ['::', `${'0.'.repeat(32)}ip6.arpa`],
    ['2001:DB8::', `${'0.'.repeat(24)}8.b.d.0.1.0.0.2.ip6.arpa`],
    ['fe80::1%eth0', `1.${'0.'.repeat(28)}8.e.f.ip6.arpa`],
  ])('%s', (address, name) => {
    expect(reverseName(address)).toBe(name)
  })

  test.each(['', 'host.example', '192.0.2', '192.0.2.256', '2001:db8:::1', '%eth0'])('%s is none', (text) => {
    expect(reverseName(text)).toBeNull()
  })

  test('all spellings of an address have the same name, different addresses different ones', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const full = groups.map((one) => one.toString(16).padStart(4, '0')).join(':')
        const short = new URL(`http://[${full}]`).hostname.slice(1, -1)
        expect(reverseName(short)).toBe(reverseName(full.toUpperCase()))
      }),
    )
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (a, b) => {
        const same = new URL(`http://[${a}]`).hostname === new URL(`http://[${b}]`).hostname
        expect(reverseName(a) === reverseName(b)).toBe(same)
      }),
    )
  })
})
