import { expect, test } from 'vitest'
import { systemRandom } from './random.ts'

test('gives as many octets as asked, never the same', () => {
  expect(systemRandom(0)).toHaveLength(0)
  expect(systemRandom(32)).toHaveLength(32)
  expect(systemRandom(32).equals(systemRandom(32))).toBe(false)
  expect(systemRandom(5000)).toHaveLength(5000)
})

test('never repeats itself, whatever sizes are asked for, and what was given stays as it is', () => {
  const given = Array.from({ length: 3000 }, (_, i) => systemRandom(8 + (i % 90)))
  const before = given.map((octets) => octets.toString('hex'))
  systemRandom(2048)
  expect(given.map((octets) => octets.toString('hex'))).toEqual(before)
  expect(new Set(before.map((hex) => hex.slice(0, 16))).size).toBe(3000)
  expect(before.filter((hex) => /(?:00){8}/.test(hex))).toEqual([])
})
