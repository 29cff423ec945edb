// Fairness between destinations, concurrency feedback, unreachable destinations, rate limits, steps of the wall clock.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetTable } from '../../budget/budget-table.ts'
import { createPool, type Shortage } from '../../budget/pool.ts'
import type { DestinationBacklog } from '../contract/queue.ts'
import type { DeliveryVerdict } from './destination-state.ts'
import { defaultSchedulerSettings, Scheduler, type SchedulerSettings } from './scheduler.ts'

const NOW = 1_000_000

/** A scheduler with a clock and a backlog that the test sets. Wall and monotonic time differ by `WALL`. */
const WALL = 1_800_000_000_000

function make({ total = 200, ...settings }: Partial<SchedulerSettings> & { readonly total?: number } = {}) {
  const state = { time: NOW, wallAhead: WALL }
  const backlog = new Map<string, DestinationBacklog>()
  const refused: Shortage[] = []
  const slots = createPool({ ...budgetTable.deliverySlots, capacity: total }, (shortage) => refused.push(shortage))
  const scheduler = new Scheduler(
    { ...defaultSchedulerSettings, ...settings },
    {
      clock: { now: () => state.time + state.wallAhead, monotonic: () => state.time },
      backlog: (nextHop) => backlog.get(nextHop) ?? { waiting: 0, earliestAttemptAt: 0 },
      slots,
    },
  )
  return Object.assign(scheduler, {
    state,
    refused,
    /** Sets what waits, with the next attempt at the time `at` of the test. */
    waiting(nextHop: string, waiting: number, at: number) {
      backlog.set(nextHop, { waiting, earliestAttemptAt: at + WALL })
      scheduler.update(nextHop)
    },
    at(time: number) {
      state.time = time
      return scheduler.assign()
    },
  })
}

/** Assigns and reports that every reserved slot was used. */
function startAll(scheduler: ReturnType<typeof make>, now = NOW) {
  const assignments = scheduler.at(now)
  for (const { nextHop, slots } of assignments) scheduler.started(nextHop, { reserved: slots, used: slots })
  return assignments
}

describe('assign', () => {
  it('starts with the initial concurrency, when the next attempt is due', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 100, NOW + 5)
    expect(scheduler.at(NOW)).toEqual([])
    expect(scheduler.wakeInMs()).toBe(5)
    expect(scheduler.at(NOW + 5)).toEqual([{ nextHop: 'mx:a', slots: 5 }])
    expect(scheduler.at(NOW + 5)).toEqual([])
  })

  it('never grants more slots than recipients wait', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 2, NOW)
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'mx:a', slots: 2 }])
  })

  it('shares a small total between many destinations in turn', () => {
    const scheduler = make({ total: 3 })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) scheduler.waiting(name, 1_000, NOW)
    const served = new Map<string, number>()
    for (let round = 0; round < 60; round++)
      for (const { nextHop, slots } of startAll(scheduler)) {
        served.set(nextHop, (served.get(nextHop) ?? 0) + slots)
        for (let i = 0; i < slots; i++) scheduler.finished(nextHop, 'worked')
      }
    expect(served.size).toBe(6)
    const counts = [...served.values()]
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3)
  })

  it('reserves a recipient once while its claim is pending', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 1, NOW)
    expect(scheduler.at(NOW)).toHaveLength(1)
    expect(scheduler.at(NOW)).toEqual([])
    scheduler.started('mx:a', { reserved: 1, used: 1 })
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('frees the slots that a claim did not use', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 3, NOW)
    scheduler.at(NOW)
    scheduler.started('mx:a', { reserved: 3, used: 1 })
    expect(scheduler.active).toBe(1)
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'mx:a', slots: 3 }])
  })
})

describe('feedback', () => {
  it('grows to the maximum and shrinks on trouble, never below one', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 100_000, NOW)
    for (let i = 0; i < 100; i++)
      for (const { nextHop, slots } of startAll(scheduler))
        for (let n = 0; n < slots; n++) scheduler.finished(nextHop, 'worked')
    expect(scheduler.view('mx:a')?.limit).toBe(20)
    for (let i = 0; i < 50; i++)
      for (const { nextHop, slots } of startAll(scheduler))
        for (let n = 0; n < slots; n++) scheduler.finished(nextHop, 'trouble')
    expect(scheduler.view('mx:a')?.limit).toBe(1)
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('starts nothing for an unreachable destination, then probes it with one delivery', () => {
    const scheduler = make()
    scheduler.waiting('dead', 50_000, NOW)
    scheduler.waiting('live', 10, NOW)
    expect(startAll(scheduler)).toHaveLength(2)
    for (let i = 0; i < 5; i++) scheduler.finished('dead', 'unreachable')
    expect(scheduler.view('dead')?.suspendedMs).toBe(300_000)
    expect(scheduler.at(NOW + 299_999).map((one) => one.nextHop)).not.toContain('dead')
    expect(scheduler.at(NOW + 300_000)).toContainEqual({ nextHop: 'dead', slots: 1 })
    scheduler.started('dead', { reserved: 1, used: 1 })
    scheduler.finished('dead', 'worked')
    expect(scheduler.at(NOW + 300_001)).toContainEqual({ nextHop: 'dead', slots: 2 })
  })

  it('starts deliveries at once after resume', () => {
    const scheduler = make()
    scheduler.waiting('dead', 9, NOW)
    startAll(scheduler)
    for (let i = 0; i < 5; i++) scheduler.finished('dead', 'unreachable')
    scheduler.resume('dead')
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'dead', slots: 5 }])
  })

  it('adds no timers for 50 000 messages to a dead destination', () => {
    const scheduler = make()
    scheduler.waiting('dead', 1, NOW)
    startAll(scheduler)
    scheduler.finished('dead', 'unreachable')
    for (let i = 0; i < 50_000; i++) scheduler.waiting('dead', i + 1, NOW)
    expect(scheduler.timers).toBeLessThan(10)
    expect(scheduler.at(NOW + 1)).toEqual([])
  })
})

describe('a rate limit', () => {
  it('keeps the interval between two starts', () => {
    const scheduler = make({ limitsFor: (hop) => (hop === 'slow' ? { intervalMs: 100 } : null) })
    scheduler.waiting('slow', 10, NOW)
    expect(startAll(scheduler)).toEqual([{ nextHop: 'slow', slots: 1 }])
    expect(startAll(scheduler, NOW + 99)).toEqual([])
    expect(startAll(scheduler, NOW + 100)).toEqual([{ nextHop: 'slow', slots: 1 }])
  })

  it('holds from one message to the next, even if nothing waits between them', () => {
    const scheduler = make({ limitsFor: () => ({ intervalMs: 60_000 }) })
    for (let i = 0; i < 2; i++) {
      scheduler.waiting('mx:a', 1, NOW)
      for (const { nextHop } of startAll(scheduler, NOW + i * 1000)) {
        scheduler.waiting(nextHop, 0, 0)
        scheduler.finished(nextHop, 'worked')
      }
    }
    expect(scheduler.view('mx:a')).toMatchObject({ waiting: 1, active: 0, pausedMs: 59_000 })
    expect(scheduler.at(NOW + 60_000)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('says how many deliveries may start within a time', () => {
    expect(make().allowedWithin('mx:a', 5000)).toBe(Number.POSITIVE_INFINITY)
    expect(make({ limitsFor: () => ({ intervalMs: 2000 }) }).allowedWithin('mx:a', 5000)).toBe(2)
    expect(make({ limitsFor: () => ({ intervalMs: 60_000 }) }).allowedWithin('mx:a', 5000)).toBe(0)
  })
})

describe('a pause', () => {
  it('lasts its time, whatever other deliveries end in', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 10, NOW)
    startAll(scheduler)
    scheduler.finished('mx:a', 'trouble')
    scheduler.pause('mx:a', 60_000)
    scheduler.finished('mx:a', 'worked')
    expect(scheduler.at(NOW + 59_999)).toEqual([])
    expect(scheduler.wakeInMs()).toBe(1)
    expect(scheduler.at(NOW + 60_000)).not.toEqual([])
  })

  it('outlasts the last message of the destination, which is forgotten afterwards', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 1, NOW)
    startAll(scheduler)
    scheduler.waiting('mx:a', 0, 0)
    scheduler.pause('mx:a', 60_000)
    scheduler.finished('mx:a', 'trouble')
    scheduler.waiting('mx:a', 1, NOW)
    expect(scheduler.at(NOW + 1000)).toEqual([])
    scheduler.waiting('mx:a', 0, 0)
    scheduler.at(NOW + 60_000)
    expect(scheduler.view('mx:a')).toBeNull()
  })
})

describe('a step of the wall clock', () => {
  it('moves next attempts and no pause', () => {
    const scheduler = make()
    scheduler.waiting('later', 1, NOW + 3_600_000)
    scheduler.waiting('dead', 9, NOW)
    startAll(scheduler)
    for (let i = 0; i < 5; i++) scheduler.finished('dead', 'unreachable')
    scheduler.state.wallAhead += 3_600_000
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'later', slots: 1 }])
    scheduler.state.wallAhead -= 7_200_000
    scheduler.waiting('dead', 9, NOW - 3_600_000)
    expect(scheduler.at(NOW + 299_999)).toEqual([])
    expect(scheduler.at(NOW + 300_000)).toEqual([{ nextHop: 'dead', slots: 1 }])
  })
})

describe('memory', () => {
  it('forgets destinations without waiting recipients', () => {
    const scheduler = make()
    for (let i = 0; i < 1_000; i++) {
      scheduler.waiting(`mx:${i}`, 1, NOW)
      startAll(scheduler)
      scheduler.waiting(`mx:${i}`, 0, 0)
      scheduler.finished(`mx:${i}`, i % 2 ? 'worked' : 'unreachable')
    }
    scheduler.at(NOW + 300_000)
    for (let i = 0; i < 1_000; i++) expect(scheduler.view(`mx:${i}`)).toBeNull()
  })
})

describe('destinations that never reply', () => {
  /** Every slot that these destinations get is kept. */
  const fillWith = (scheduler: ReturnType<typeof make>, names: readonly string[], now = NOW) => {
    for (const name of names) scheduler.waiting(name, 5, now)
    for (const { nextHop, slots } of startAll(scheduler, now)) scheduler.waiting(nextHop, 5 - slots, now)
  }
  const names = (count: number) => Array.from({ length: count }, (_, i) => `mx:tarpit-${i}`)
  const total = (list: readonly { readonly slots: number }[]) => list.reduce((sum, { slots }) => sum + slots, 0)

  it('fill half of the slots, and mail to known destinations and to the fleet finds a place', () => {
    const scheduler = make()
    scheduler.waiting('mx:good', 5, NOW)
    startAll(scheduler)
    for (let i = 0; i < 5; i++) scheduler.finished('mx:good', 'worked', 200)
    scheduler.waiting('mx:good', 0, NOW)
    fillWith(scheduler, names(210))
    expect(scheduler.active).toBe(100)
    expect(scheduler.refused).toEqual(['purpose'])
    scheduler.waiting('mx:good', 5, NOW)
    scheduler.waiting('peers:srs', 5, NOW)
    expect(startAll(scheduler).map(({ nextHop }) => nextHop)).toEqual(expect.arrayContaining(['mx:good', 'peers:srs']))
  })

  it('do not stop a destination that becomes known while they fill their part', () => {
    const scheduler = make({ total: 10 })
    scheduler.waiting('mx:good', 1, NOW)
    startAll(scheduler)
    scheduler.waiting('mx:good', 0, NOW)
    fillWith(scheduler, names(20))
    expect(scheduler.active).toBe(5)
    scheduler.waiting('mx:good', 5, NOW)
    expect(startAll(scheduler)).toEqual([])
    scheduler.finished('mx:good', 'worked', 100)
    const slots = startAll(scheduler).find(({ nextHop }) => nextHop === 'mx:good')?.slots
    expect(slots).toBeGreaterThanOrEqual(4)
  })

  it('are known no longer when their deliveries hang', () => {
    const scheduler = make({ limitsFor: () => ({ initialConcurrency: 30, maximalConcurrency: 200 }) })
    scheduler.waiting('mx:turned', 1, NOW)
    startAll(scheduler)
    scheduler.finished('mx:turned', 'worked', 100)
    scheduler.waiting('mx:turned', 1000, NOW)
    expect(scheduler.lane('mx:turned')).toBe('known')
    expect(total(startAll(scheduler))).toBe(30)
    fillWith(scheduler, names(210), NOW + 61_000)
    expect(scheduler.lane('mx:turned')).toBe('internet')
    expect(scheduler.active).toBe(130)
  })

  it('cannot take the parts of the others, whatever they do', () => {
    const verdicts = fc.constantFrom<DeliveryVerdict>('worked', 'trouble', 'unreachable', 'unused')
    const step = fc.record({
      hop: fc.nat(60),
      verdict: verdicts,
      ends: fc.nat(3),
      held: fc.nat(90_000),
      tick: fc.nat(20_000),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const scheduler = make({ total: 40 })
        const running: string[] = []
        let now = NOW
        for (const { hop, verdict, ends, held, tick } of steps) {
          now += tick
          scheduler.state.time = now
          scheduler.waiting(`mx:${hop}`, 50, now)
          for (const { nextHop, slots } of startAll(scheduler, now))
            for (let i = 0; i < slots; i++) running.push(nextHop)
          for (const ended of running.splice(0, ends)) scheduler.finished(ended, verdict, held)
          // Known destinations and unknown ones together leave a tenth to the fleet.
          expect(scheduler.active).toBeLessThanOrEqual(36)
        }
        scheduler.waiting('peers:srs', 4, now)
        expect(startAll(scheduler, now)).toContainEqual({ nextHop: 'peers:srs', slots: 4 })
      }),
    )
  })
})

describe('a host without a free connection', () => {
  it('gets no more deliveries than it has connections, and slowly more later', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 100, NOW)
    startAll(scheduler)
    for (let i = 0; i < 3; i++) scheduler.finished('mx:a', 'crowded')
    expect(scheduler.view('mx:a')).toMatchObject({ active: 2, limit: 2 })
    expect(startAll(scheduler)).toEqual([])
    scheduler.finished('mx:a', 'worked', 10)
    expect(startAll(scheduler)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('is waited for until a connection is free or the time is over', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 1, NOW)
    scheduler.wait('mx:a', 30_000, 'connections')
    expect(scheduler.at(NOW)).toEqual([])
    expect(scheduler.view('mx:a')).toMatchObject({ waitsMs: 30_000, pausedMs: 0 })
    expect(scheduler.wakeInMs()).toBe(30_000)
    scheduler.endWait('mx:a')
    expect(scheduler.at(NOW)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
    scheduler.started('mx:a', { reserved: 1, used: 0 })
    scheduler.wait('mx:a', 30_000, 'connections')
    expect(scheduler.at(NOW + 30_000)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })
})

describe('with random reports', () => {
  const verdict = fc.constantFrom<DeliveryVerdict>('worked', 'trouble', 'unreachable', 'crowded', 'unused')
  const step = fc.record({ hop: fc.nat(4), fresh: fc.nat(8), later: fc.nat(900), verdict, tick: fc.nat(400_000) })

  it('keeps every limit and delivers everything in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const scheduler = make({ total: 8 })
        const model = new Map<string, { waiting: number; at: number; active: number }>()
        let now = NOW
        const turn = (verdictOf: DeliveryVerdict) => {
          for (const { nextHop, slots } of scheduler.at(now)) {
            const known = model.get(nextHop) as { waiting: number; at: number; active: number }
            expect(known.at).toBeLessThanOrEqual(now)
            const used = Math.min(slots, known.waiting)
            known.waiting -= used
            known.active += used
            scheduler.waiting(nextHop, known.waiting, known.at)
            scheduler.started(nextHop, { reserved: slots, used })
          }
          const active = [...model.values()].reduce((sum, one) => sum + one.active, 0)
          expect(scheduler.active).toBe(active)
          expect(active).toBeLessThanOrEqual(8)
          for (const [nextHop, known] of model)
            for (; known.active > 0; known.active--) scheduler.finished(nextHop, verdictOf, now % 90_000)
        }
        for (const one of steps) {
          now += one.tick
          const hop = one.hop % 2 === 0 ? `mx:${one.hop}` : `peers:${one.hop}`
          const known = model.get(hop) ?? { waiting: 0, at: 0, active: 0 }
          known.waiting += one.fresh
          known.at = now + one.later
          model.set(hop, known)
          scheduler.state.time = now
          scheduler.waiting(hop, known.waiting, known.at)
          turn(one.verdict)
        }
        for (let i = 0; i < 500 && [...model.values()].some((one) => one.waiting > 0); i++) {
          now += scheduler.wakeInMs() ?? 0
          turn('worked')
        }
        expect([...model.values()].reduce((sum, one) => sum + one.waiting, 0)).toBe(0)
      }),
    )
  })
})
