// The open pools and rates of a node, and what metrics and health read of them.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { budgetTable } from './budget-table.ts'
import { createBudgets } from './budgets.ts'
import { createRate } from './rate.ts'

describe('budgets', () => {
  it('adds up the pools of one name and counts refusals by limit', () => {
    const clock = createFakeClock()
    const budgets = createBudgets(clock)
    const first = budgets.pool('sessions', { capacity: 2, client: 1, ceilings: {} })
    const second = budgets.pool('sessions', { capacity: 3, ceilings: {} })
    first.take({ purpose: 'internet', ip: '192.0.2.1' })
    first.take({ purpose: 'internet', ip: '192.0.2.1' })
    second.take({ purpose: 'internet', ip: '192.0.2.1' })
    expect(budgets.usage()).toEqual([
      { name: 'sessions', used: 2, capacity: 5, refused: new Map([['client', 1]]), lastFullAt: null },
    ])
    first.take({ purpose: 'internet', ip: '192.0.2.2' })
    first.take({ purpose: 'internet', ip: '192.0.2.3' })
    expect(budgets.usage()[0]?.lastFullAt).toBe(clock.monotonic())
  })

  it('does not call a pool full whose work waits', () => {
    const budgets = createBudgets(createFakeClock())
    const slots = budgets.pool('deliverySlots', { capacity: 1 })
    slots.take({ purpose: 'fleet' })
    slots.take({ purpose: 'fleet' })
    expect(budgets.usage()).toMatchObject([{ refused: new Map([['capacity', 1]]), lastFullAt: null }])
  })

  it('opens pools with the numbers of the table', () => {
    const budgets = createBudgets(createFakeClock())
    expect(budgets.pool('sessions').capacity).toBe(budgetTable.sessions.capacity)
  })
})

describe('a rate', () => {
  it('refuses beyond its capacity and recovers with time, each key for itself', async () => {
    const clock = createFakeClock()
    let refused = 0
    const rate = createRate({ capacity: 4, halfLifeMs: 60_000, keys: 10 }, { clock, refused: () => refused++ })
    expect([rate.take('a', 3), rate.take('a', 2), rate.take('a', 1), rate.isOver('a')]).toEqual([
      true,
      false,
      true,
      true,
    ])
    expect(rate.take('b')).toBe(true)
    expect(refused).toBe(2)
    await clock.advance(60_000)
    expect([rate.take('a', 2), rate.isOver('a')]).toEqual([true, true])
  })

  it('counts beyond the limit what has happened already', async () => {
    const clock = createFakeClock()
    const rate = createRate({ capacity: 2, halfLifeMs: 60_000, keys: 10 }, { clock, refused: () => {} })
    for (let i = 0; i < 8; i++) rate.count('a')
    await clock.advance(60_000)
    expect(rate.isOver('a')).toBe(true)
    await clock.advance(3 * 60_000)
    expect(rate.isOver('a')).toBe(false)
    expect(rate.keys).toBe(1)
  })
})
