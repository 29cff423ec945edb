import { expect, it } from 'vitest'
import { isNonRoutable } from './non-routable.ts'

it.each([
  ['0.0.0.0', true],
  ['0.255.255.255', true],
  ['127.0.0.1', true],
  ['169.254.169.254', true],
  ['224.0.0.1', true],
  ['239.255.255.255', true],
  ['240.0.0.1', true],
  ['255.255.255.255', true],
  ['::', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['fe80::1', true],
  ['febf::1', true],
  ['ff02::1', true],
  // Private, shared, documentation and special networks can hold a mail host of the organisation or of a test.
  ['10.0.0.1', false],
  ['172.16.0.1', false],
  ['192.168.0.1', false],
  ['100.64.0.1', false],
  ['192.0.0.1', false],
  ['192.0.2.1', false],
  ['198.18.0.1', false],
  ['192.88.99.1', false],
  ['fd00::1', false],
  ['fec0::1', false],
  ['2001:db8::1', false],
  ['64:ff9b::7f00:1', false],
  ['223.255.255.255', false],
])('%s is non-routable: %s', (address, wanted) => {
  expect(isNonRoutable(address)).toBe(wanted)
})
