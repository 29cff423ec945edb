import { expect, it } from 'vitest'
import { medianOf } from './median.ts'

it('is the middle one, or the mean of both in the middle', () => {
  expect([medianOf([9, 1, 2]), medianOf([4, 2]), medianOf([7])]).toEqual([2, 3, 7])
  expect(medianOf([])).toBeNaN()
})
