import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DurationCounts } from './duration-counts.ts'

it('has percentiles that are at most a tenth too low, and half a millisecond too high', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 200 }), (all) => {
      const counts = new DurationCounts()
      for (const ms of all) counts.add(ms)
      const sorted = all.toSorted((a, b) => a - b)
      for (const part of [0.5, 0.95]) {
        const exact = sorted[Math.ceil(sorted.length * part - 1e-9) - 1] ?? 0
        expect(counts.percentile(part)).toBeLessThanOrEqual(exact + 0.5)
        expect(counts.percentile(part)).toBeGreaterThanOrEqual(exact / 1.1 - 1)
      }
    }),
  )
})

it('of nothing is 0', () => {
  expect(new DurationCounts().percentile(0.5)).toBe(0)
})
