import { expect, test } from 'vitest'
import { editDistance } from './edit-distance.ts'

test.each([
  ['', '', 0],
  ['limits', 'limits', 0],
  ['limit', 'limits', 1],
  ['prot', 'port', 2],
  ['', 'port', 4],
  ['kitten', 'sitting', 3],
])('%j and %j differ by %i', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
  expect(editDistance(b, a)).toBe(distance)
})
