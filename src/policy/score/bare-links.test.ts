import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { linkedAddress } from './bare-links.ts'

test.each([
  ['see http://192.0.2.7/pay', '192.0.2.7'],
  ['<a href="HTTPS://198.51.100.9:8443/x">', '198.51.100.9'],
  ['http://bank.example@203.0.113.4', '203.0.113.4'],
  ['http://[2001:db8::7]/', '2001:db8::7'],
  ['https://name.example/ http://192.0.2.7', '192.0.2.7'],
])('%s links to an address', (line, address) => expect(linkedAddress(line)).toBe(address))

test.each([
  'http://192.0.2.7.example/',
  'http://name.example/192.0.2.7/',
  'version 192.0.2.7 of https://name.example',
  'http://10.0.0.1/status',
  'http://127.0.0.1:8080/',
  'http://999.0.2.7/',
  'http://[not-an-address]/',
  'ftp://192.0.2.7/',
  '',
])('%s does not', (line) => expect(linkedAddress(line)).toBeNull())

it('ends soon on hostile lines', () => {
  fc.assert(fc.property(fc.string({ maxLength: 3000 }), (text) => void linkedAddress(`://${text}`)))
  expect(linkedAddress(`http://${'1@'.repeat(100_000)}`)).toBeNull()
  expect(linkedAddress('http://1.1.1.'.repeat(100_000))).toBeNull()
})
