// The timer of a connection's command time-outs, and the wake-up timer of the dispatcher.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createDeadline } from './smtp-client/connection-timer.ts'
import { WakeupTimer } from './wakeup.ts'

describe('a deadline', () => {
  function setUp() {
    const clock = createFakeClock()
    let expired = 0
    return { clock, deadline: createDeadline(clock, () => expired++), expired: () => expired }
  }

  it('expires once', async () => {
    const { clock, deadline, expired } = setUp()
    deadline.set(100)
    await clock.advance(99)
    expect(expired()).toBe(0)
    await clock.advance(1)
    expect(expired()).toBe(1)
    await clock.advance(1000)
    expect(expired()).toBe(1)
  })

  it('can be set earlier, set later and cleared', async () => {
    const { clock, deadline, expired } = setUp()
    deadline.set(100)
    deadline.set(300)
    await clock.advance(200)
    expect(expired()).toBe(0)
    deadline.set(50)
    await clock.advance(50)
    expect(expired()).toBe(1)
    deadline.set(50)
    deadline.clear()
    await clock.advance(1000)
    expect(expired()).toBe(1)
    deadline.set(10)
    await clock.advance(10)
    expect(expired()).toBe(2)
  })

  it('does not last longer when the wall clock is set back', async () => {
    const ticks = createFakeClock()
    let step = 0
    let expired = 0
    const clock = { ...ticks, now: () => ticks.now() + step }
    const deadline = createDeadline(clock, () => expired++)
    deadline.set(1000)
    await ticks.advance(500)
    step = -3_600_000
    await ticks.advance(1500)
    expect(expired).toBe(1)
    deadline.set(1000)
    step -= 3_600_000
    deadline.set(100)
    await ticks.advance(100)
    expect(expired).toBe(2)
  })

  it('leaves no timer when it is stopped', async () => {
    const { clock, deadline, expired } = setUp()
    deadline.set(100)
    deadline.stop()
    await clock.advance(1000)
    expect(expired()).toBe(0)
    expect(clock.sleeping).toBe(0)
  })

  it('sets no new timer for each command', async () => {
    const { clock, deadline } = setUp()
    deadline.set(100)
    for (let i = 0; i < 50; i++) {
      deadline.clear()
      deadline.set(100 + i)
    }
    expect(clock.sleeping).toBe(1)
  })
})

describe('a wake-up', () => {
  it('runs at the earliest time it was set to', async () => {
    const clock = createFakeClock()
    const runs: number[] = []
    const wakeup = new WakeupTimer(clock, () => runs.push(clock.monotonic()))
    wakeup.within(100)
    wakeup.within(50)
    wakeup.within(70)
    await clock.advance(200)
    expect(runs).toEqual([50])
    wakeup.within(0)
    await clock.advance(0)
    expect(runs).toHaveLength(2)
    wakeup.within(1000)
    wakeup.stop()
    wakeup.within(900)
    await clock.advance(5000)
    expect(runs).toHaveLength(2)
    expect(clock.sleeping).toBe(0)
  })

  it('runs within half a minute, so that a step of the wall clock is noticed', async () => {
    const clock = createFakeClock()
    let runs = 0
    new WakeupTimer(clock, () => runs++).within(86_400_000)
    await clock.advance(30_000)
    expect(runs).toBe(1)
  })
})
