import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createEventRates } from './event-rates.ts'

describe('rates of events', () => {
  it('count the last minutes, and forget what is older than an hour', async () => {
    const clock = createFakeClock()
    const rates = createEventRates(clock)
    for (let i = 0; i < 3; i++) rates.record({ kind: 'received' })
    await clock.advance(4 * 60_000)
    rates.record({ kind: 'delivered' })
    rates.record({ kind: 'signed' })
    expect(rates.last(5)).toMatchObject({ received: 3, delivered: 1, failed: 0 })
    await clock.advance(60_000)
    expect(rates.last(5)).toMatchObject({ received: 0, delivered: 1 })
    expect(rates.last(60)).toMatchObject({ received: 3, delivered: 1 })
    await clock.advance(60 * 60_000)
    rates.record({ kind: 'rejected' })
    expect(rates.last(600)).toEqual({ received: 0, rejected: 1, delivered: 0, deferred: 0, failed: 0, expired: 0 })
  })

  it('do not follow the wall clock', () => {
    const clock = createFakeClock()
    const rates = createEventRates(clock)
    rates.record({ kind: 'failed' })
    clock.set(clock.now() + 86_400_000)
    expect(rates.last(1).failed).toBe(1)
  })
})
