// The error count, the pace of DATA, and the default limits.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { refusal } from '../smtp/reply.ts'
import { createDataPace } from './data-pace.ts'
import { createErrorCount } from './error-count.ts'
import { defaultLimits } from './server-limits.ts'
import { done } from './server-replies.ts'
import { say, sayJunk, sayUncounted } from './session-dialogue.ts'
import { createSessionTiming } from './session-timing.ts'

describe('the error count', () => {
  const limits = {
    softErrors: 2,
    hardErrors: 4,
    junkCommands: 1,
    errorDelayMs: 1000,
    longestErrorDelayMs: 2500,
    tarpitPressure: 0.5,
  }
  const ports = { failed: () => false, pressure: () => 0 }
  const error = say(refusal(550, '5.1.1', 'No'))
  const stranger = { kind: 'internet' } as const

  it('goes from none over delay to close, and an accepted message clears it', () => {
    const count = createErrorCount(limits, ports)
    const penalties = Array.from({ length: 4 }, () => count.charge(error, stranger))
    expect(penalties).toEqual([0, 0, 1000, 'close'])
    count.clear()
    expect(count.charge(error, stranger)).toBe(0)
  })

  it('delays each error of a client that has many in other sessions, by more each time, up to a limit', () => {
    let failures = 0
    const count = createErrorCount({ ...limits, hardErrors: 100 }, { ...ports, failed: () => ++failures > 0 })
    const penalties = Array.from({ length: 4 }, () => count.charge(error, stranger))
    expect([penalties, failures]).toEqual([[1000, 2000, 2500, 2500], 4])
  })

  it('ends the session instead of a delay where places are scarce', () => {
    let pressure = 0.5
    const count = createErrorCount({ ...limits, hardErrors: 100 }, { ...ports, pressure: () => pressure })
    const charge = () => count.charge(error, stranger)
    expect([charge(), charge(), charge()]).toEqual([0, 0, 1000])
    pressure = 0.6
    expect(charge()).toBe('close')
  })

  it('counts junk commands above their limit as errors', () => {
    const count = createErrorCount(limits, ports)
    const penalties = Array.from({ length: 5 }, () => count.charge(sayJunk(done), stranger))
    expect(penalties).toEqual([0, 0, 0, 1000, 'close'])
  })

  it('ignores uncounted refusals and errors of fleet nodes', () => {
    const count = createErrorCount(limits, {
      ...ports,
      failed: () => {
        throw new Error('it is no error')
      },
    })
    const peer = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const
    for (let i = 0; i < 10; i++) {
      expect(count.charge(sayUncounted(error.reply), stranger)).toBe(0)
      expect(count.charge(error, peer)).toBe(0)
    }
  })
})

describe('session timing', () => {
  const limits = {
    handshakeMs: 1000,
    halfOpenMs: 500,
    commandMs: 3000,
    sessionMs: 10_000,
    unprovenMs: 2000,
    fullUnprovenMs: 500,
    fullCommandMs: 1000,
    fullSessionMs: 4000,
  }
  const proven = { proof: 'fleet', pressure: () => 0 } as const

  it('names the limit that has passed', async () => {
    const clock = createFakeClock()
    const timing = createSessionTiming(limits, clock)
    timing.give('handshake')
    await clock.advance(1001)
    expect(timing.overdue(proven)).toBe('handshake')
    timing.give('client')
    expect(timing.overdue(proven)).toBeNull()
    await clock.advance(3001)
    expect(timing.overdue(proven)).toBe('command')
    timing.give('client')
    await clock.advance(2999)
    timing.give('client')
    await clock.advance(2999)
    timing.give('client')
    expect(timing.overdue(proven)).toBeNull()
    await clock.advance(10)
    expect(timing.overdue(proven)).toBe('session')
    timing.give('server')
    expect(timing.overdue(proven)).toBeNull()
    await clock.advance(10_001)
    expect(timing.overdue(proven)).toBe('hook')
  })

  it('gives a command little time after the client has ended its direction, and the reply to a message all', async () => {
    const clock = createFakeClock()
    const timing = createSessionTiming(limits, clock)
    timing.give('server')
    timing.inputEnded()
    await clock.advance(500)
    expect(timing.overdue(proven)).toBeNull()
    await clock.advance(1)
    expect(timing.overdue(proven)).toBe('hook')
    timing.give('data')
    expect(timing.overdue(proven)).toBeNull()
  })

  it('adds up all waits for a client without proof, the handshake too, but not the time of the node', async () => {
    const clock = createFakeClock()
    const timing = createSessionTiming(limits, clock)
    const unproven = { proof: null, pressure: () => 0 } as const
    await clock.advance(1500)
    timing.give('client')
    await clock.advance(900)
    timing.give('handshake')
    await clock.advance(900)
    timing.give('server')
    await clock.advance(1500)
    timing.give('client')
    expect(timing.overdue(unproven)).toBeNull()
    await clock.advance(201)
    expect(timing.overdue(unproven)).toBe('unproven')
    expect(timing.overdue({ proof: 'internet', pressure: () => 0 })).toBeNull()
  })

  it.each([
    ['unproven', null, 0.5, 1251],
    ['unproven', null, 1, 501],
    ['command', 'internet', 1, 1001],
    ['session', 'internet', 1, 4001],
    [null, 'internet', 0, 2999],
  ] as const)('%s: shrinks with the pressure (%s, %s)', async (expected, proof, pressure, ms) => {
    const clock = createFakeClock()
    const timing = createSessionTiming(limits, clock)
    const place = { proof, pressure: () => pressure }
    timing.give('client')
    for (let waited = 0; waited < ms - 1 && expected === 'session'; waited += 500) {
      await clock.advance(500)
      timing.give('client')
    }
    if (expected !== 'session') await clock.advance(ms - 2)
    expect(timing.overdue(place)).toBeNull()
    await clock.advance(2)
    expect(timing.overdue(place)).toBe(expected)
  })

  it('lets a session with progress grow old, also in a full pool', async () => {
    const clock = createFakeClock()
    const timing = createSessionTiming(limits, clock)
    await clock.advance(4500)
    timing.progress()
    timing.give('client')
    expect(timing.overdue({ proof: 'internet', pressure: () => 1 })).toBeNull()
  })

  it('ignores steps of the wall clock', () => {
    const clock = createFakeClock()
    const timing = createSessionTiming(limits, clock)
    timing.give('client')
    clock.set(clock.now() + 3_600_000)
    expect(timing.overdue(proven)).toBeNull()
  })
})

describe('the pace of DATA', () => {
  const limits = {
    dataMs: 10_000,
    dataIdleMs: 3000,
    dataRate: 100,
    dataGraceMs: 2000,
    fullDataMs: 5000,
    fullCommandMs: 1000,
  }

  /** Lets `ms` pass, then asks. */
  function pace() {
    const clock = createFakeClock()
    const judge = createDataPace(limits, clock)
    return async (ms: number, octets: number, blocked = false, pressure = 0) => {
      await clock.advance(ms)
      return judge.tooSlow(octets, blocked, pressure)
    }
  }

  it('accepts a steady client within the rate until the limit for the whole message', async () => {
    const tooSlow = pace()
    for (let second = 1; second <= 10; second++) expect(await tooSlow(1000, second * 100)).toBe(false)
    expect(await tooSlow(1, 2000)).toBe(true)
  })

  it('gives less time while the pool is full', async () => {
    const silent = pace()
    expect(await silent(900, 1_000_000, false, 1)).toBe(false)
    expect(await silent(1100, 1_000_000, false, 1)).toBe(true)
    const long = pace()
    for (let second = 1; second <= 5; second++) expect(await long(1000, second * 1000, false, 1)).toBe(false)
    expect(await long(100, 6000, false, 1)).toBe(true)
  })

  it('ends a client below the rate, after the grace', async () => {
    const tooSlow = pace()
    expect(await tooSlow(1900, 10)).toBe(false)
    expect(await tooSlow(200, 20)).toBe(true)
  })

  it('ends silence', async () => {
    const tooSlow = pace()
    expect(await tooSlow(1000, 1_000_000)).toBe(false)
    expect(await tooSlow(2900, 1_000_000)).toBe(false)
    expect(await tooSlow(300, 1_000_000)).toBe(true)
  })

  it('does not count the time in which the node does not read', async () => {
    const tooSlow = pace()
    for (let second = 1; second <= 100; second++) expect(await tooSlow(1000, 64_000, true)).toBe(false)
    expect(await tooSlow(1000, 64_001)).toBe(false)
  })

  it('ignores steps of the wall clock', () => {
    const clock = createFakeClock()
    const judge = createDataPace(limits, clock)
    clock.set(clock.now() + 3_600_000)
    expect(judge.tooSlow(1, false, 0)).toBe(false)
  })
})

describe('the default limits', () => {
  it('keep the minimums of RFC 5321', () => {
    expect(defaultLimits.recipients).toBeGreaterThanOrEqual(100)
    expect(defaultLimits.commandLine).toBeGreaterThanOrEqual(512)
    expect(defaultLimits.commandMs).toBeGreaterThanOrEqual(5 * 60_000)
    expect(defaultLimits.dataIdleMs).toBeGreaterThanOrEqual(3 * 60_000)
    expect(defaultLimits.messageSize).toBeGreaterThanOrEqual(64 * 1024)
  })
})
