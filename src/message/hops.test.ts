import { expect, test } from 'vitest'
import { readFields } from './header.ts'
import { countHops, deliveredTo } from './hops.ts'

const fields = readFields(
  Buffer.from(
    'Received: a\r\nX-Received: no\r\nRECEIVED: b\r\nDelivered-To: Joe@Example.org\r\nDelivered-To: <ann@example.org>\r\n',
  ),
)

test('counts Received fields only', () => {
  expect(countHops(fields)).toBe(2)
  expect(countHops([])).toBe(0)
})

test('finds the addresses of Delivered-To', () => {
  expect(deliveredTo(fields, 'joe@example.org')).toBe(true)
  expect(deliveredTo(fields, 'ann@example.org')).toBe(true)
  expect(deliveredTo(fields, 'nn@example.org')).toBe(false)
})
