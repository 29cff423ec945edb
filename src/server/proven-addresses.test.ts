// Which addresses are remembered, and for what.

import { expect, it } from 'vitest'
import { createProvenAddresses } from './proven-addresses.ts'

it('remembers a client by its network, with its last proof, and forgets the oldest', () => {
  const known = createProvenAddresses()
  known.remember('192.0.2.1', 'people')
  known.remember('2001:db8::1', 'people')
  known.remember('2001:db8::2', 'fleet')
  expect(known.purposeOf('192.0.2.2')).toBeNull()
  expect(known.purposeOf('2001:db8::ffff')).toBe('fleet')
  for (let i = 0; i < 10_000; i++) known.remember(`10.${i >> 8}.${i & 255}.1`, 'people')
  expect(known.purposeOf('192.0.2.1')).toBeNull()
  expect(known.purposeOf('10.0.0.1')).toBe('people')
})
