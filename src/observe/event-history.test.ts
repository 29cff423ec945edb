import { expect, it } from 'vitest'
import type { Event } from './events.ts'
import { createHistory } from './event-history.ts'

const MINUTE = 60_000
const event = (kind: Event['kind'], more: object = {}): Event => ({ kind, at: 0, queueId: null, ...more }) as Event

function start() {
  const clock = { at: 1_800_000_000_000 }
  return { clock, history: createHistory({ monotonic: () => clock.at }) }
}

it('counts by minute, and forgets what is a day old', () => {
  const { clock, history } = start()
  history.record([event('received'), event('received'), event('delivered')])
  clock.at += MINUTE
  history.record([event('received'), event('expired')])
  expect(history.counts('accepted', 3)).toEqual([0, 2, 1])
  expect(history.counts('failed', 2)).toEqual([0, 1])
  clock.at += 24 * 60 * MINUTE
  expect(history.counts('accepted', 24 * 60).every((count) => count === 0)).toBe(true)
  expect(history.age).toBe(24 * 60)
})

it('counts refusals by check, in bounded memory', () => {
  const { history } = start()
  history.record([event('rejected', { check: 'dnsbl' }), event('rejected')])
  for (let index = 0; index < 1000; index++) history.record([event('rejected', { check: `check ${index}` })])
  expect(history.refusals('dnsbl', 1)).toEqual([1])
  expect(history.refusals('check 999', 1)).toEqual([0])
  expect(history.counts('refused', 1)).toEqual([1002])
})

it('leaves out the history that a transferred message brings along', () => {
  const { history } = start()
  history.record([event('delivered', { node: 'mx-02.example.org' })])
  expect(history.counts('delivered', 1)).toEqual([0])
})

it('knows what waited only where it was sampled', () => {
  const { clock, history } = start()
  history.sample(7)
  clock.at += 2 * MINUTE
  history.sample(9)
  expect(history.waiting(4)).toEqual([null, 7, null, 9])
})

it('has the rates of the last minutes, by kind', () => {
  const { clock, history } = start()
  history.record([event('received'), event('received'), event('received')])
  clock.at += 4 * MINUTE
  history.record([event('delivered'), event('signed'), event('transferred')])
  expect(history.last(5)).toEqual({ received: 3, rejected: 0, delivered: 1, deferred: 0, failed: 0, expired: 0 })
  expect(history.counts('delivered', 1)).toEqual([2])
  clock.at += MINUTE
  expect(history.last(5)).toMatchObject({ received: 0, delivered: 1 })
  expect(history.last(60)).toMatchObject({ received: 3, delivered: 1 })
  clock.at += 60 * MINUTE
  history.record([event('rejected')])
  expect(history.last(60)).toMatchObject({ received: 0, rejected: 1, delivered: 0 })
})

it('says within which time there were so many events', () => {
  const { clock, history } = start()
  for (let minute = 0; minute < 10; minute++, clock.at += MINUTE)
    history.record(Array.from({ length: 100 }, () => event('received')))
  expect([history.minutesWith(250), history.minutesWith(99), history.minutesWith(1_000_000)]).toEqual([3, 1, 1440])
})
