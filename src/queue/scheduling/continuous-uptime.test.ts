// How long a node has been at work, across stops, suspended machines and clocks that jump.

import { expect, it } from 'vitest'
import { Unbroken } from './continuous-uptime.ts'

const MINUTE = 60_000

function asked(times: readonly number[]): number[] {
  const unbroken = new Unbroken(0, 3 * MINUTE)
  return times.map((time) => unbroken.for(time * MINUTE) / MINUTE)
}

it('grows while it is asked regularly, also a little late', () => {
  expect(asked([1, 2, 4, 7])).toEqual([1, 2, 4, 7])
})

it('begins anew after a day in which the machine was suspended', () => {
  expect(asked([1, 2, 1442, 1443])).toEqual([1, 2, 0, 1])
})

it('begins anew where the clock was set back, and where it was set right again', () => {
  expect(asked([90, 91, 31, 32, 92])).toEqual([0, 1, 0, 1, 0])
})
