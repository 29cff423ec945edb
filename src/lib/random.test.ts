import { expect, test } from 'vitest'
import { systemRandom } from './random.ts'

test('gives as many octets as asked, never the same', () => {
  expect(systemRandom(0)).toHaveLength(0)
  expect(systemRandom(32)).toHaveLength(32)
  expect(systemRandom(32).equals(systemRandom(32))).toBe(false)
})
