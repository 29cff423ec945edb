import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { WaitingHops } from './waiting-hops.ts'

function setUp() {
  const clock = createFakeClock()
  const waiting = new WaitingHops(clock)
  const called: string[] = []
  waiting.onFree((nextHop) => called.push(nextHop))
  return { clock, waiting, called }
}

describe('next hops that wait', () => {
  it('are called in the order of arrival, one for each free place of their key', () => {
    const { waiting, called } = setUp()
    for (const hop of ['mx:a', 'mx:b', 'mx:c']) waiting.add('host', hop)
    waiting.add('other', 'mx:d')
    waiting.freed('host')
    waiting.served('host', 'mx:b')
    waiting.freed('host')
    waiting.freed('host')
    expect(called).toEqual(['mx:a', 'mx:c'])
  })

  it('are not called for mail that is gone: another one is', async () => {
    const { clock, waiting, called } = setUp()
    waiting.add('host', 'mx:gone')
    await clock.advance(7000)
    waiting.add('host', 'mx:a')
    waiting.freed('host')
    expect(called).toEqual(['mx:a'])
  })

  it('of many keys take bounded memory', () => {
    const { waiting, called } = setUp()
    for (let i = 0; i <= 10_000; i++) waiting.add(`host ${i}`, 'mx:a')
    waiting.freed('host 0')
    expect(called).toEqual([])
    waiting.freed('host 10000')
    expect(called).toEqual(['mx:a'])
  })

  it('are bounded over all keys together, not for each key', () => {
    const { waiting, called } = setUp()
    for (let i = 0; i <= 10_000; i++) waiting.add(`host ${i % 100}`, `mx:${i}`)
    waiting.freed('host 1')
    expect(called).toEqual([])
    waiting.freed('host 0')
    expect(called).toEqual(['mx:10000'])
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 9000; i++) waiting.add('host', `mx:${i}`)
      for (let i = 0; i < 9000; i++) waiting.served('host', `mx:${i}`)
    }
    waiting.add('host', 'mx:first')
    for (let i = 0; i < 9000; i++) waiting.add('host', `mx:${i}`)
    waiting.freed('host')
    expect(called.at(-1)).toBe('mx:first')
  })

  it('ask again after growing waits if they are not called', async () => {
    const { clock, waiting } = setUp()
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      const ms = waiting.add('host', 'mx:a')
      expect(waiting.add('host', 'mx:a')).toBe(ms)
      waits.push(ms)
      await clock.advance(ms)
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000])
  })
})
