// The heap gives keys back in the order of their times.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TimerHeap } from './timer-heap.ts'

it('is empty at first', () => {
  const heap = new TimerHeap()
  expect([heap.size, heap.peek(), heap.peekKey(), heap.pop()]).toEqual([0, null, null, null])
})

it('sorts whatever comes in whatever order, popping in between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50))), (steps) => {
      const heap = new TimerHeap()
      const model: number[] = []
      for (const at of steps) {
        if (at !== null) {
          heap.push(at, `k${at}`)
          model.push(at)
          model.sort((a, b) => a - b)
        } else {
          expect(heap.peek()).toBe(model[0] ?? null)
          const first = model.shift()
          expect(heap.pop()).toBe(first === undefined ? null : `k${first}`)
        }
        expect(heap.size).toBe(model.length)
      }
    }),
  )
})
