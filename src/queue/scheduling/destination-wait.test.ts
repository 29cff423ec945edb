import { expect, it } from 'vitest'
import { newDestination } from './destination-state.ts'
import { destinationWait } from './destination-wait.ts'

const NOW = Date.UTC(2026, 10, 21)
/** Monotonic. */
const CLOCK = 5_000_000
const limits = { initialConcurrency: 5, maximalConcurrency: 20, intervalMs: 60_000 }
const waiting = { waiting: 3, earliestAttemptAt: NOW }

const waitOf = (change: object, backlog = waiting) =>
  destinationWait(Object.assign(newDestination('mx:a.example', limits), change), backlog, {
    now: NOW,
    monotonic: CLOCK,
  })

it('names what a destination waits for, with the end in wall time', () => {
  expect(waitOf({})).toBeNull()
  expect(waitOf({ suspendedUntil: CLOCK + 7_000 })).toEqual({
    nextHop: 'mx:a.example',
    reason: 'unreachable',
    until: NOW + 7_000,
    active: 0,
    limit: 5,
  })
  expect(waitOf({ pausedUntil: CLOCK + 60_000 })).toMatchObject({ reason: 'rate', until: NOW + 60_000 })
  expect(waitOf({ pausedUntil: CLOCK + 60_001 })).toMatchObject({ reason: 'pause' })
  expect(waitOf({ suspendedUntil: CLOCK + 1, pausedUntil: CLOCK + 9 })).toMatchObject({ reason: 'unreachable' })
  expect(waitOf({ waitsUntil: CLOCK + 9 })).toMatchObject({ reason: 'connections', until: NOW + 9 })
  expect(waitOf({ waitsUntil: CLOCK + 9, waitsFor: 'reports' })).toMatchObject({ reason: 'reports' })
  expect(waitOf({ waitsUntil: CLOCK + 9.4 })).toMatchObject({ until: NOW + 9 })
  expect(waitOf({ limit: 0 })).toMatchObject({ reason: 'concurrency', until: null })
  expect(waitOf({ ready: 'internet' })).toMatchObject({ reason: 'slots', until: null })
})

it('has nothing to say about a pause that is over, or without waiting mail', () => {
  expect(waitOf({ suspendedUntil: CLOCK, pausedUntil: CLOCK - 1 })).toBeNull()
  expect(waitOf({ suspendedUntil: CLOCK + 7_000 }, { waiting: 0, earliestAttemptAt: 0 })).toBeNull()
})
