// A clock that is set, a time server that slews, and a start after a run with a later clock.

import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { watchClock } from './clock-watch.ts'

const HOUR_MS = 3_600_000

function start(previous: { readonly startedAt: number; readonly stoppedAt: number | null } | null = null) {
  const clock = createFakeClock()
  const warned: object[] = []
  const watch = watchClock({ clock, previous, log: { warn: (fields) => void warned.push(fields) } })
  const jumped = async () => (await watch.metrics[0]?.read())?.[0]?.value
  return { clock, warned, jumped, watch, health: () => watch.health.check() }
}

it('shows a jump in either direction for an hour, by the clock after it', async () => {
  const { clock, warned, jumped, health } = start()
  expect([health(), await jumped()]).toEqual([{ kind: 'ok' }, 0])
  clock.set(clock.now() + 2 * HOUR_MS)
  expect(health()).toEqual({
    kind: 'degraded',
    reason:
      'the clock of the host jumped 2h forward at 2026-11-21T02:00:00.000Z: it was set, or the host was suspended',
  })
  expect(await jumped()).toBe(7200)
  await clock.advance(HOUR_MS - 1)
  clock.set(clock.now() - 90_000)
  expect(health()).toMatchObject({
    kind: 'degraded',
    reason: expect.stringMatching(/jumped 1m30s back at .*: it was set$/),
  })
  await clock.advance(HOUR_MS)
  expect([health(), await jumped()]).toEqual([{ kind: 'ok' }, 0])
  expect(warned).toEqual([{ jumpMs: 7_200_000 }, { jumpMs: -90_000 }])
})

it('sees a jump without a question', async () => {
  const { clock, warned } = start()
  clock.set(clock.now() - 5000)
  await clock.advance(10_000)
  expect(warned).toEqual([{ jumpMs: -5000 }])
})

it('takes no notice of a time server that slews, and of a leap second', async () => {
  const { clock, warned, health } = start()
  for (let step = 0; step < 1000; step++) {
    clock.set(clock.now() + 5)
    await clock.advance(10_000)
  }
  clock.set(clock.now() - 1000)
  expect(health()).toEqual({ kind: 'ok' })
  expect(warned).toEqual([])
})

it('is behind a run that ended later, until its time comes', async () => {
  const now = createFakeClock().now()
  const { clock, health } = start({ startedAt: now - HOUR_MS, stoppedAt: now + 600_000 })
  expect(health()).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('is 10m behind the last run') })
  await clock.advance(599_000)
  expect(health()).toEqual({ kind: 'ok' })
})

it('looks no more after the end', () => {
  const { clock, watch } = start()
  watch.close()
  expect(clock.sleeping).toBe(0)
})
