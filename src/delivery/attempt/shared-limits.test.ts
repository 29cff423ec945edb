import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { WaitingHops } from '../slots/waiting-hops.ts'
import { HostLimiter, type SharedLimits } from './shared-limits.ts'

const two: SharedLimits = { name: '*.provider.example', concurrency: 2, intervalMs: 0 }
const slow: SharedLimits = { name: 'mx.slow.example', concurrency: null, intervalMs: 500 }
const acquired = { kind: 'acquired' }

function setUp() {
  const clock = createFakeClock()
  return { clock, limiter: new HostLimiter(clock) }
}

describe('a shared limit of concurrent transactions', () => {
  it('counts all next hops together, until their slots are released', async () => {
    const { clock, limiter } = setUp()
    expect(limiter.acquire(two, 'mx:a.example')).toEqual(acquired)
    expect(limiter.acquire(two, 'mx:b.example')).toEqual(acquired)
    expect(limiter.acquire(two, 'mx:c.example')).toEqual({ kind: 'full', waitMs: 1000, isCalled: true })
    expect(limiter.acquire({ ...two, name: 'other' }, 'mx:c.example')).toEqual(acquired)
    limiter.release(two)
    await clock.advance(1000)
    expect(limiter.acquire(two, 'mx:c.example')).toEqual(acquired)
  })

  it('doubles the wait of a next hop each time, up to half a minute, until it acquires a slot', async () => {
    const { clock, limiter } = setUp()
    limiter.acquire(two, 'mx:a.example')
    limiter.acquire(two, 'mx:a.example')
    const wait = (nextHop: string) => {
      const slot = limiter.acquire(two, nextHop)
      return slot.kind === 'full' ? slot.waitMs : 0
    }
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      const ms = wait('mx:b.example')
      // Another message of the same next hop, in between, does not make it longer.
      expect(wait('mx:b.example')).toBe(ms)
      await clock.advance(ms)
      waits.push(ms)
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(wait('mx:c.example')).toBe(1000)
    limiter.release(two)
    expect(wait('mx:b.example')).toBe(0)
    expect(wait('mx:b.example')).toBe(1000)
  })
})

it('calls the next hop that waits longest when a slot is free', () => {
  const clock = createFakeClock()
  const waiting = new WaitingHops(clock)
  const called: string[] = []
  waiting.onFree((nextHop) => called.push(nextHop))
  const limiter = new HostLimiter(clock, waiting)
  for (const name of ['a', 'b', 'c', 'd']) limiter.acquire(two, `mx:${name}.example`)
  expect(limiter.acquire(two, 'mx:c.example')).toMatchObject({ kind: 'full', isCalled: true })
  limiter.release(two)
  limiter.release(two)
  expect(called).toEqual(['mx:c.example', 'mx:d.example'])
  limiter.pause(two, 60_000)
  expect(limiter.acquire(two, 'mx:c.example')).toMatchObject({ kind: 'full', isCalled: false })
})

describe('a shared rate', () => {
  it('applies between the transactions of all next hops', async () => {
    const { clock, limiter } = setUp()
    expect(limiter.acquire(slow, 'mx:a.example')).toEqual(acquired)
    await clock.advance(499)
    expect(limiter.acquire(slow, 'mx:b.example')).toMatchObject({ kind: 'full' })
    await clock.advance(1)
    expect(limiter.acquire(slow, 'mx:b.example')).toEqual(acquired)
  })

  it('does not last longer when the wall clock is set back', async () => {
    const { clock, limiter } = setUp()
    limiter.acquire(slow, 'mx:a.example')
    limiter.pause(two, 30_000)
    clock.set(0)
    expect(limiter.acquire(slow, 'mx:b.example')).toEqual({ kind: 'full', waitMs: 1000, isCalled: false })
    await clock.advance(500)
    expect(limiter.acquire(slow, 'mx:b.example')).toEqual(acquired)
    await clock.advance(29_500)
    expect(limiter.acquire(two, 'mx:b.example')).toEqual(acquired)
  })
})

it('a pause that one host asks for applies to every domain of the entry', async () => {
  const { clock, limiter } = setUp()
  limiter.pause(two, 60_000)
  expect(limiter.acquire(two, 'mx:a.example')).toEqual({ kind: 'full', waitMs: 60_000, isCalled: false })
  await clock.advance(60_000)
  expect(limiter.acquire(two, 'mx:a.example')).toEqual(acquired)
})
