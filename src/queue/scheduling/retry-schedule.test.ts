// Postfix's schedule: gaps double from 5 minutes to 4000 s, with jitter.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { defaultRetrySettings, expiryOf, JITTER, nextAttemptAt } from './retry-schedule.ts'

const settings = defaultRetrySettings
const middle = () => 0.5

it('doubles about 5, 10, 20, 40 minutes, then every 66 min 40 s', () => {
  const gaps: number[] = []
  for (let now = 0, n = 0; n < 7; n++) {
    const next = nextAttemptAt({ arrivedAt: 0, now }, settings, middle)
    gaps.push((next - now) / 1_000)
    now = next
  }
  expect(gaps).toEqual([300, 300, 600, 1_200, 2_400, 4_000, 4_000])
})

it('keeps within the bounds and their jitter, also for a clock that stepped back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -10_000_000, max: 10_000_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (age, random) => {
        const gap = nextAttemptAt({ arrivedAt: 0, now: age }, settings, () => random) - age
        expect(gap).toBeGreaterThanOrEqual(settings.minimalGapMs * (1 - JITTER) - 1)
        expect(gap).toBeLessThanOrEqual(settings.maximalGapMs * (1 + JITTER) + 1)
      },
    ),
  )
})

it('spreads messages that failed together', () => {
  const times = Array.from({ length: 1_000 }, () => nextAttemptAt({ arrivedAt: 0, now: 0 }, settings, Math.random))
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(50_000)
})

it('has a separate lifetime for bounces', () => {
  const own = { ...settings, lifetimeMs: 1_000, bounceLifetimeMs: 10 }
  expect(expiryOf({ arrivedAt: 5, sender: 'a@b', lifetimeMs: null }, own)).toBe(1_005)
  expect(expiryOf({ arrivedAt: 5, sender: null, lifetimeMs: null }, own)).toBe(15)
})

it('has a shorter lifetime for a message that says so, never a longer one', () => {
  const own = { ...settings, lifetimeMs: 1_000, bounceLifetimeMs: 10 }
  expect(expiryOf({ arrivedAt: 5, sender: null, lifetimeMs: 3 }, own)).toBe(8)
  expect(expiryOf({ arrivedAt: 5, sender: null, lifetimeMs: 30 }, own)).toBe(15)
})
