import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createDecayCounters } from './decay.ts'

function setup(maxKeys: number) {
  const clock = createFakeClock()
  return { clock, counters: createDecayCounters({ clock, halfLifeMs: 1000, maxKeys }) }
}

it('halves each count in the half-life', async () => {
  const { clock, counters } = setup(10)
  for (let i = 0; i < 4; i++) counters.add('a')
  expect(counters.get('a')).toBe(4)
  await clock.advance(1000)
  expect(counters.get('a')).toBeCloseTo(2)
  expect(counters.add('a')).toBeCloseTo(3)
  await clock.advance(2000)
  expect(counters.get('a')).toBeCloseTo(0.75)
  counters.clear('a')
  expect(counters.get('a')).toBe(0)
})

it('bounds the number of keys and keeps the highest counts', () => {
  const { counters } = setup(100)
  for (let i = 0; i < 50; i++) counters.add('high')
  for (let i = 0; i < 10_000; i++) counters.add(`low${i}`)
  expect(counters.size).toBeLessThanOrEqual(100)
  expect(counters.get('high')).toBe(50)
})

it('does not depend on the wall clock', () => {
  const { clock, counters } = setup(10)
  counters.add('a')
  clock.set(clock.now() - 3_600_000)
  expect(counters.get('a')).toBe(1)
  clock.set(clock.now() + 7_200_000)
  expect(counters.get('a')).toBe(1)
})
