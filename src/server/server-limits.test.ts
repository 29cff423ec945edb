// The small judges: places, errors and pace.

import { describe, expect, it } from 'vitest'
import { createAdmission } from './connection-limits.ts'
import { createDataPace } from './data-pace.ts'
import { createErrorCount } from './error-count.ts'
import { defaultLimits } from './server-limits.ts'

describe('admission', () => {
  it('counts per client and in all, and takes places back once', () => {
    const admission = createAdmission({ connections: 3, connectionsPerClient: 2 })
    const leave = admission.admit('192.0.2.1')
    expect(admission.admit('::ffff:192.0.2.1')).not.toBeNull()
    expect(admission.admit('192.0.2.1')).toBeNull()
    expect(admission.admit('2001:db8::1')).not.toBeNull()
    expect(admission.admit('192.0.2.9')).toBeNull()
    leave?.()
    leave?.()
    expect(admission.open).toBe(2)
    expect(admission.admit('192.0.2.1')).not.toBeNull()
    expect(admission.admit('192.0.2.1')).toBeNull()
  })
})

describe('the error count', () => {
  const limits = { softErrors: 2, hardErrors: 4, idleCommands: 1 }

  it('goes from free over slow to closed, and starts again with progress', () => {
    const count = createErrorCount(limits)
    expect([count.error(), count.error(), count.error(), count.error()]).toEqual(['free', 'free', 'slow', 'closed'])
    count.progress()
    expect(count.error()).toBe('free')
  })

  it('charges idle commands above their number', () => {
    const count = createErrorCount(limits)
    expect(Array.from({ length: 5 }, () => count.idle())).toEqual(['free', 'free', 'free', 'slow', 'closed'])
  })
})

describe('the pace of DATA', () => {
  const limits = { dataMs: 10_000, dataIdleMs: 3000, dataRate: 100, dataGraceMs: 2000 }

  it('lets a steady client be slow within the rate', () => {
    const pace = createDataPace(limits, 0)
    for (let second = 1; second <= 10; second++) expect(pace.tooSlow(second * 1000, second * 100, false)).toBe(false)
    expect(pace.tooSlow(10_001, 2000, false)).toBe(true)
  })

  it('ends a client below the rate, after the grace', () => {
    const pace = createDataPace(limits, 0)
    expect(pace.tooSlow(1900, 10, false)).toBe(false)
    expect(pace.tooSlow(2100, 20, false)).toBe(true)
  })

  it('ends silence', () => {
    const pace = createDataPace(limits, 0)
    expect(pace.tooSlow(1000, 1_000_000, false)).toBe(false)
    expect(pace.tooSlow(3900, 1_000_000, false)).toBe(false)
    expect(pace.tooSlow(4200, 1_000_000, false)).toBe(true)
  })

  it('does not count the time in which we do not read', () => {
    const pace = createDataPace(limits, 0)
    for (let second = 1; second <= 100; second++) expect(pace.tooSlow(second * 1000, 64_000, true)).toBe(false)
    expect(pace.tooSlow(101_000, 64_001, false)).toBe(false)
  })

  it('is not confused by a clock that is set back', () => {
    const pace = createDataPace(limits, 100_000)
    expect(pace.tooSlow(0, 1, false)).toBe(false)
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
