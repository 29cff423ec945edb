import { expect, it } from 'vitest'
import type { Health } from '../observe/health-report.ts'
import { createAlertStates } from './alert-states.ts'

const times = { afterMs: 120_000, clearMs: 300_000 }
const degraded: Health = { kind: 'degraded', reason: 'no srs node can be reached' }
const failing: Health = { kind: 'failing', reason: 'the disk is full' }
const ok: Health = { kind: 'ok' }

/** Feeds one result a minute; returns what was sent, with its minute. */
function sent(results: readonly Health[]): string[] {
  const states = createAlertStates(times)
  return results.flatMap((health, minute) =>
    states
      .update({ peers: health }, { now: 1000 + minute * 60_000, monotonic: minute * 60_000 })
      .map(({ state, level, since }) => `${minute} ${state} ${level} ${since}`),
  )
}

it('is raised after a time, once, and cleared after a time', () => {
  expect(sent([ok, degraded, degraded, degraded, degraded, ok, ok, ok, ok, ok, ok, ok])).toEqual([
    '3 raised degraded 61000',
    '10 cleared ok 61000',
  ])
})

it('is not sent for a short problem, and is one alert if it flaps', () => {
  expect(sent([degraded, degraded, ok, ok, degraded, ok])).toEqual([])
  expect(sent([degraded, degraded, degraded, ok, ok, degraded, ok, degraded, degraded])).toEqual([
    '2 raised degraded 1000',
  ])
})

it('is sent again if it gets worse, and not if it gets better', () => {
  expect(sent([degraded, degraded, degraded, failing, failing, degraded, degraded])).toEqual([
    '2 raised degraded 1000',
    '3 raised failing 1000',
  ])
})

it('is cleared if its check is gone', () => {
  const states = createAlertStates({ afterMs: 0, clearMs: 0 })
  expect(states.update({ spam: failing }, { now: 1, monotonic: 1 })).toMatchObject([{ name: 'spam', state: 'raised' }])
  expect(states.update({}, { now: 2, monotonic: 2 })).toMatchObject([{ name: 'spam', state: 'cleared' }])
  expect(states.update({}, { now: 3, monotonic: 3 })).toEqual([])
})
