// Uptime starts again after a suspension and after a step of the wall clock.

import { expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { ContinuousUptime } from './continuous-uptime.ts'

const HOUR = 3_600_000

it('counts from the start', async () => {
  const clock = createFakeClock()
  await clock.advance(HOUR)
  const uptime = new ContinuousUptime(clock)
  expect(uptime.elapsedMs()).toBe(0)
  await clock.advance(5 * HOUR)
  expect(uptime.elapsedMs()).toBe(5 * HOUR)
})

it.each([HOUR, -HOUR])('starts again when wall time jumps by %i ms, as after a suspension', async (step) => {
  const clock = createFakeClock()
  const uptime = new ContinuousUptime(clock)
  await clock.advance(HOUR)
  clock.set(clock.now() + step)
  expect(uptime.elapsedMs()).toBe(0)
  await clock.advance(HOUR)
  expect(uptime.elapsedMs()).toBe(HOUR)
})

it('ignores a small correction of the wall clock', async () => {
  const clock = createFakeClock()
  const uptime = new ContinuousUptime(clock)
  await clock.advance(HOUR)
  clock.set(clock.now() - 2_000)
  expect(uptime.elapsedMs()).toBe(HOUR)
})
