import { describe, expect, it } from 'vitest'
import { HostLimiter, type SharedLimits } from './shared-limits.ts'

const two: SharedLimits = { name: '*.provider.example', concurrency: 2, intervalMs: 0 }
const slow: SharedLimits = { name: 'mx.slow.example', concurrency: null, intervalMs: 500 }
const entered = { kind: 'entered' }

describe('a shared limit of transactions at once', () => {
  it('counts all next hops together, and gives places back', () => {
    const limiter = new HostLimiter()
    expect(limiter.acquire(two, 'mx:a.example', 0)).toEqual(entered)
    expect(limiter.acquire(two, 'mx:b.example', 0)).toEqual(entered)
    expect(limiter.acquire(two, 'mx:c.example', 0)).toEqual({ kind: 'full', waitMs: 1000 })
    expect(limiter.acquire({ ...two, name: 'other' }, 'mx:c.example', 0)).toEqual(entered)
    limiter.release(two)
    expect(limiter.acquire(two, 'mx:c.example', 1000)).toEqual(entered)
  })

  it('lets who finds it full wait longer each time, up to half a minute, until it has got in', () => {
    const limiter = new HostLimiter()
    limiter.acquire(two, 'mx:a.example', 0)
    limiter.acquire(two, 'mx:a.example', 0)
    let now = 0
    const wait = (nextHop: string) => {
      const entry = limiter.acquire(two, nextHop, now)
      return entry.kind === 'full' ? entry.waitMs : 0
    }
    const waits = Array.from({ length: 7 }, () => {
      const ms = wait('mx:b.example')
      // Another mail of the same next hop, in between, does not make it longer.
      expect(wait('mx:b.example')).toBe(ms)
      now += ms
      return ms
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(wait('mx:c.example')).toBe(1000)
    limiter.release(two)
    expect(wait('mx:b.example')).toBe(0)
    expect(wait('mx:b.example')).toBe(1000)
  })
})

describe('a shared rate', () => {
  it('holds between two transactions, whoever begins them', () => {
    const limiter = new HostLimiter()
    expect(limiter.acquire(slow, 'mx:a.example', 10_000)).toEqual(entered)
    expect(limiter.acquire(slow, 'mx:b.example', 10_499)).toMatchObject({ kind: 'full' })
    expect(limiter.acquire(slow, 'mx:b.example', 10_500)).toEqual(entered)
  })

  it('does not stay closed when the clock is set back', () => {
    const limiter = new HostLimiter()
    limiter.acquire(slow, 'mx:a.example', 86_400_000)
    limiter.pause(two, 86_400_000 + 30_000)
    expect(limiter.acquire(slow, 'mx:b.example', 0)).toEqual({ kind: 'full', waitMs: 1000 })
    expect(limiter.acquire(slow, 'mx:b.example', 500)).toEqual(entered)
    expect(limiter.acquire(two, 'mx:b.example', 30_000)).toEqual(entered)
  })
})

it('a host that wants rest gets it from every domain behind it', () => {
  const limiter = new HostLimiter()
  limiter.pause(two, 60_000)
  expect(limiter.acquire(two, 'mx:a.example', 0)).toEqual({ kind: 'full', waitMs: 60_000 })
  expect(limiter.acquire(two, 'mx:a.example', 60_000)).toEqual(entered)
})
