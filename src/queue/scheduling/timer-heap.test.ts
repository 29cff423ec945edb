// The heap gives keys back in the order of their last times.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TimerHeap } from './timer-heap.ts'

it('is empty at first', () => {
  const heap = new TimerHeap()
  expect([heap.size, heap.earliest(), heap.takeDue(Number.POSITIVE_INFINITY)]).toEqual([0, null, null])
})

it('returns nothing before its time', () => {
  const heap = new TimerHeap()
  heap.set('a', 5)
  expect(heap.takeDue(4)).toBeNull()
  expect(heap.takeDue(5)).toBe('a')
  expect(heap.takeDue(5)).toBeNull()
})

it('keeps one time per key, the last one set', () => {
  const heap = new TimerHeap()
  heap.set('a', 5)
  heap.set('a', 9)
  heap.set('b', 7)
  heap.set('c', 1)
  heap.clear('c')
  expect(heap.earliest()).toBe(7)
  expect([heap.takeDue(10), heap.takeDue(10), heap.takeDue(10)]).toEqual(['b', 'a', null])
})

it('does not grow when the same time is set again', () => {
  const heap = new TimerHeap()
  for (let i = 0; i < 1_000; i++) heap.set('a', 5)
  expect(heap.size).toBe(1)
})

it('sorts keys set in any order, with removals in between', () => {
  const step = fc.record({ key: fc.nat(9), at: fc.option(fc.nat(50)) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const heap = new TimerHeap()
      const model = new Map<string, number>()
      for (const { key, at } of steps) {
        if (at !== null) {
          heap.set(`k${key}`, at)
          model.set(`k${key}`, at)
        } else {
          const least = model.size === 0 ? null : Math.min(...model.values())
          expect(heap.earliest()).toBe(least)
          const taken = heap.takeDue(Number.POSITIVE_INFINITY)
          expect(taken === null ? null : model.get(taken)).toBe(least)
          if (taken !== null) model.delete(taken)
        }
      }
    }),
  )
})
