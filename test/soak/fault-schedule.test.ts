import { expect, it } from 'vitest'
import { FAULT_KINDS, planFaults } from './fault-schedule.ts'

const settings = { seed: 1, messages: 100_000, every: 500, killsUntil: 0.1, shortest: 500, longest: 3000 }

it('has every kind in ascending places, and kills in the first part only', () => {
  const planned = planFaults(settings)
  expect(new Set(planned.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS))
  expect(planned.map(({ at }) => at)).toEqual(planned.map(({ at }) => at).toSorted((a, b) => a - b))
  const kills = planned.filter(({ kind }) => kind.startsWith('kill-'))
  expect(kills.length).toBeGreaterThan(3)
  expect(kills.every(({ at }) => at < 10_000)).toBe(true)
  expect(planned.every(({ ms }) => ms >= 500 && ms <= 3000)).toBe(true)
})

it('is the same for the same seed, and another one for another seed', () => {
  expect(planFaults(settings)).toEqual(planFaults(settings))
  expect(planFaults({ ...settings, seed: 2 })).not.toEqual(planFaults(settings))
})
