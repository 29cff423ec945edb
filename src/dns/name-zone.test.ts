// Which names count to one zone.

import { expect, it } from 'vitest'
import { zoneOf } from './name-zone.ts'

it.each([
  ['mx.a.example.org', 'example.org'],
  ['sel._domainkey.evil.com', 'evil.com'],
  ['_dmarc.bank.co.uk', 'bank.co.uk'],
  ['www.example.de', 'example.de'],
  ['example', 'example'],
  ['1.2.0.192.in-addr.arpa', '2.0.192.in-addr.arpa'],
  [`${'1.'.repeat(20)}0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa`, '0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
])('%s', (name, zone) => {
  expect(zoneOf(name)).toBe(zone)
})
