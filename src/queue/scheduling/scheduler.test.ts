// The scheduler: fairness between destinations, growth and shrinking, suspended destinations, pacing, and that nothing stalls.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeliveryVerdict, defaultSchedulerSettings, Scheduler, type SchedulerSettings } from './scheduler.ts'

const make = (settings: Partial<SchedulerSettings> = {}) => new Scheduler({ ...defaultSchedulerSettings, ...settings })
const NOW = 1_000_000

/** Runs `next` and reports that every reserved slot was filled. */
function startAll(scheduler: Scheduler, now = NOW) {
  const assignments = scheduler.next(now)
  for (const { nextHop, slots } of assignments) scheduler.started(nextHop, slots, slots, now)
  return assignments
}

describe('next', () => {
  it('starts with the initial concurrency and not before the mail is due', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 100, NOW + 5)
    expect(scheduler.next(NOW)).toEqual([])
    expect(scheduler.wakeAt()).toBe(NOW + 5)
    expect(scheduler.next(NOW + 5)).toEqual([{ nextHop: 'mx:a', slots: 5 }])
    expect(scheduler.next(NOW + 5)).toEqual([])
  })

  it('never grants more slots than recipients wait', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 2, NOW)
    expect(scheduler.next(NOW)).toEqual([{ nextHop: 'mx:a', slots: 2 }])
  })

  it('shares a small total between many destinations in turn', () => {
    const scheduler = make({ totalConcurrency: 3 })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) scheduler.waiting(name, 1_000, NOW)
    const served = new Map<string, number>()
    for (let round = 0; round < 60; round++)
      for (const { nextHop, slots } of startAll(scheduler)) {
        served.set(nextHop, (served.get(nextHop) ?? 0) + slots)
        for (let i = 0; i < slots; i++) scheduler.finished(nextHop, 'worked', NOW)
      }
    expect(served.size).toBe(6)
    const counts = [...served.values()]
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3)
  })

  it('does not ask twice for the same recipient while a claim is under way', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 1, NOW)
    expect(scheduler.next(NOW)).toHaveLength(1)
    expect(scheduler.next(NOW)).toEqual([])
    scheduler.waiting('mx:a', 1, NOW)
    scheduler.started('mx:a', 1, 1, NOW)
    expect(scheduler.next(NOW)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('asks an empty destination again only after a pause', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 3, NOW)
    scheduler.next(NOW)
    scheduler.started('mx:a', 3, 0, NOW)
    expect(scheduler.active).toBe(0)
    expect(scheduler.next(NOW + 10)).toEqual([])
    expect(scheduler.next(NOW + 1_000)).toEqual([{ nextHop: 'mx:a', slots: 3 }])
  })
})

describe('feedback', () => {
  it('grows to the maximum and shrinks on trouble, never under one', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 100_000, NOW)
    for (let i = 0; i < 100; i++)
      for (const { nextHop, slots } of startAll(scheduler))
        for (let n = 0; n < slots; n++) scheduler.finished(nextHop, 'worked', NOW)
    expect(scheduler.view('mx:a')?.limit).toBe(20)
    for (let i = 0; i < 50; i++) {
      scheduler.take('mx:a', 1)
      scheduler.finished('mx:a', 'trouble', NOW)
    }
    expect(scheduler.view('mx:a')?.limit).toBe(1)
    expect(scheduler.next(NOW)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('leaves an unreachable destination alone, then probes with one delivery', () => {
    const scheduler = make()
    scheduler.waiting('dead', 50_000, NOW)
    scheduler.waiting('live', 10, NOW)
    expect(startAll(scheduler)).toHaveLength(2)
    for (let i = 0; i < 5; i++) scheduler.finished('dead', 'unreachable', NOW)
    expect(scheduler.room('dead', NOW)).toBe(0)
    expect(scheduler.next(NOW + 299_999).map((a) => a.nextHop)).not.toContain('dead')
    expect(scheduler.next(NOW + 300_000)).toContainEqual({ nextHop: 'dead', slots: 1 })
    scheduler.started('dead', 1, 1, NOW + 300_000)
    scheduler.finished('dead', 'worked', NOW + 300_001)
    expect(scheduler.next(NOW + 300_001)).toContainEqual({ nextHop: 'dead', slots: 2 })
  })

  it('tries at once after resume', () => {
    const scheduler = make()
    scheduler.waiting('dead', 9, NOW)
    startAll(scheduler)
    for (let i = 0; i < 5; i++) scheduler.finished('dead', 'unreachable', NOW)
    scheduler.resume('dead')
    expect(scheduler.next(NOW)).toEqual([{ nextHop: 'dead', slots: 5 }])
  })

  it('costs nothing to report 50 000 mails for a dead destination', () => {
    const scheduler = make()
    scheduler.waiting('dead', 1, NOW)
    startAll(scheduler)
    scheduler.finished('dead', 'unreachable', NOW)
    for (let i = 0; i < 50_000; i++) scheduler.waiting('dead', i + 1, NOW)
    expect(scheduler.timers).toBeLessThan(10)
    expect(scheduler.next(NOW + 1)).toEqual([])
  })
})

describe('pace and exceptions', () => {
  it('keeps the interval of a destination', () => {
    const scheduler = make({ limitsFor: (hop) => (hop === 'slow' ? { intervalMs: 100 } : null) })
    scheduler.waiting('slow', 10, NOW)
    expect(startAll(scheduler)).toEqual([{ nextHop: 'slow', slots: 1 }])
    expect(startAll(scheduler, NOW + 99)).toEqual([])
    expect(startAll(scheduler, NOW + 100)).toEqual([{ nextHop: 'slow', slots: 1 }])
  })

  it('has room for claims at accept within its limits', () => {
    const scheduler = make({ totalConcurrency: 7 })
    expect(scheduler.room('new', NOW)).toBe(5)
    scheduler.take('new', 5)
    expect(scheduler.room('new', NOW)).toBe(0)
    expect(scheduler.room('other', NOW)).toBe(2)
  })
})

describe('memory', () => {
  it('forgets destinations that have nothing left', () => {
    const scheduler = make()
    for (let i = 0; i < 1_000; i++) {
      scheduler.waiting(`mx:${i}`, 1, NOW)
      startAll(scheduler)
      scheduler.waiting(`mx:${i}`, 0, 0)
      scheduler.finished(`mx:${i}`, i % 2 ? 'worked' : 'unreachable', NOW)
    }
    scheduler.next(NOW + 300_000)
    expect(scheduler.views()).toEqual([])
  })
})

describe('with random reports', () => {
  const verdict = fc.constantFrom<DeliveryVerdict>('worked', 'trouble', 'unreachable', 'unused')
  const step = fc.record({ hop: fc.nat(4), fresh: fc.nat(8), later: fc.nat(900), verdict, tick: fc.nat(400_000) })

  it('keeps every limit and delivers everything in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const scheduler = make({ totalConcurrency: 8 })
        const model = new Map<string, { waiting: number; at: number; active: number }>()
        let now = NOW
        const turn = (verdictOf: DeliveryVerdict) => {
          for (const { nextHop, slots } of scheduler.next(now)) {
            const known = model.get(nextHop) as { waiting: number; at: number; active: number }
            expect(known.at).toBeLessThanOrEqual(now)
            const got = Math.min(slots, known.waiting)
            known.waiting -= got
            known.active += got
            scheduler.waiting(nextHop, known.waiting, known.at)
            scheduler.started(nextHop, slots, got, now)
          }
          const active = [...model.values()].reduce((sum, one) => sum + one.active, 0)
          expect(scheduler.active).toBe(active)
          expect(active).toBeLessThanOrEqual(8)
          for (const [nextHop, known] of model)
            for (; known.active > 0; known.active--) scheduler.finished(nextHop, verdictOf, now)
        }
        for (const one of steps) {
          now += one.tick
          const hop = `hop${one.hop}`
          const known = model.get(hop) ?? { waiting: 0, at: 0, active: 0 }
          known.waiting += one.fresh
          known.at = now + one.later
          model.set(hop, known)
          scheduler.waiting(hop, known.waiting, known.at)
          turn(one.verdict)
        }
        for (let i = 0; i < 500 && [...model.values()].some((one) => one.waiting > 0); i++) {
          now = Math.max(now, scheduler.wakeAt() ?? now)
          turn('worked')
        }
        expect([...model.values()].reduce((sum, one) => sum + one.waiting, 0)).toBe(0)
      }),
    )
  })
})

describe('a destination that wants to be left alone', () => {
  it('is, until then, whatever else ends well meanwhile', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 10, NOW)
    startAll(scheduler)
    scheduler.finished('mx:a', 'trouble', NOW)
    scheduler.pause('mx:a', NOW + 60_000)
    scheduler.finished('mx:a', 'worked', NOW)
    expect(scheduler.next(NOW + 59_999)).toEqual([])
    expect(scheduler.wakeAt()).toBe(NOW + 60_000)
    expect(scheduler.next(NOW + 60_000)).not.toEqual([])
  })

  it('is remembered when its last mail is gone, and forgotten after its time', () => {
    const scheduler = make()
    scheduler.waiting('mx:a', 1, NOW)
    startAll(scheduler)
    scheduler.waiting('mx:a', 0, 0)
    scheduler.pause('mx:a', NOW + 60_000)
    scheduler.finished('mx:a', 'trouble', NOW)
    scheduler.waiting('mx:a', 1, NOW)
    expect(scheduler.next(NOW + 1000)).toEqual([])
    scheduler.waiting('mx:a', 0, 0)
    scheduler.next(NOW + 60_000)
    expect(scheduler.view('mx:a')).toBeNull()
  })

  it('keeps its rate from one mail to the next, though nothing waits between them', () => {
    const scheduler = make({ limitsFor: () => ({ intervalMs: 60_000 }) })
    for (let i = 0; i < 2; i++) {
      scheduler.waiting('mx:a', 1, NOW)
      for (const { nextHop } of startAll(scheduler, NOW + i * 1000)) {
        scheduler.waiting(nextHop, 0, 0)
        scheduler.finished(nextHop, 'worked', NOW + i * 1000)
      }
    }
    expect(scheduler.view('mx:a')).toMatchObject({ waiting: 1, active: 0, pausedUntil: NOW + 60_000 })
    expect(scheduler.next(NOW + 60_000)).toEqual([{ nextHop: 'mx:a', slots: 1 }])
  })

  it('says how many deliveries its rate lets begin in a time', () => {
    expect(make().inTime('mx:a', 5000)).toBe(Number.POSITIVE_INFINITY)
    expect(make({ limitsFor: () => ({ intervalMs: 2000 }) }).inTime('mx:a', 5000)).toBe(2)
    expect(make({ limitsFor: () => ({ intervalMs: 60_000 }) }).inTime('mx:a', 5000)).toBe(0)
  })
})
