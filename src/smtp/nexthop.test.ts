import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatNextHop, parseNextHop } from './nexthop.ts'

test.each([
  ['mx:Example.NET', { kind: 'mx', domain: 'example.net', port: 25 }],
  ['peers:srs', { kind: 'peers', role: 'srs' }],
  ['smtp:[relay.example.net]:587', { kind: 'host', protocol: 'smtp', host: 'relay.example.net', port: 587 }],
  ['smtp:[192.0.2.1]', { kind: 'host', protocol: 'smtp', host: '192.0.2.1', port: 25 }],
  ['smtp:[2001:db8::1]:2525', { kind: 'host', protocol: 'smtp', host: '2001:db8::1', port: 2525 }],
  ['smtp:relay.example.net', { kind: 'mx', domain: 'relay.example.net', port: 25 }],
  ['smtp:relay.example.net:26', { kind: 'mx', domain: 'relay.example.net', port: 26 }],
  ['lmtp:[127.0.0.1]:24', { kind: 'host', protocol: 'lmtp', host: '127.0.0.1', port: 24 }],
  ['lmtp:unix:/run/list.sock', { kind: 'socket', protocol: 'lmtp', path: '/run/list.sock' }],
])('%s', (text, hop) => {
  const parsed = parseNextHop(text)
  expect(parsed).toEqual(hop)
  expect(parsed && parseNextHop(formatNextHop(parsed))).toEqual(hop)
})

test.each([
  '',
  'mx:',
  'peers:',
  'smtp:',
  'smtp:[x]:0',
  'smtp:[x]:65536',
  'smtp:x:99999',
  'lmtp:unix:relative',
  'http:x',
  '[x]:25',
])('%j is none', (text) => expect(parseNextHop(text)).toBeNull())

test('never throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('mx:', 'smtp:', 'lmtp:[', ''), (text, prefix) => {
      const hop = parseNextHop(prefix + text)
      if (hop) expect(parseNextHop(formatNextHop(hop))).toEqual(hop)
    }),
  )
})
