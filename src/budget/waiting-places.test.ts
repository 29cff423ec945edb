// Places that are waited for: the order of holders, and how a wait ends.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from './budgets.ts'
import type { Holder, Lease, PoolLimits } from './pool.ts'
import { createWaitingPlaces, type Place } from './waiting-places.ts'

const WAIT_MS = 5000
const options = { waitMs: WAIT_MS, one: 'a question', many: 'questions' }

function open(questions: Partial<PoolLimits>, waiting: Partial<PoolLimits> = {}) {
  const clock = createFakeClock()
  const budgets = createBudgets(clock)
  const pools = { open: budgets.pool('dnsQuestions', questions), waiting: budgets.pool('dnsWaiting', waiting) }
  return { clock, budgets, pools, places: createWaitingPlaces({ ...pools, ...options }, clock) }
}

const from = (ip: string, purpose: Holder['purpose'] = 'internet'): Holder => ({ purpose, ip })
const all = { ceilings: {} }

/** Notes the order in which waiting holders get a place. */
function follow(place: Lease | Promise<Place>, name: string, order: string[]): void {
  void Promise.resolve(place).then((got) => order.push(got.kind === 'lease' ? name : `${name}: ${got.cause}`))
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a free place', () => {
  it('goes to the most important purpose, then to the clients in turn', async () => {
    const { places } = open({ capacity: 1, ...all }, all)
    let held = places.take(from('192.0.2.1')) as Lease
    const order: string[] = []
    const waiters: [string, Holder][] = [
      ['a1', from('192.0.2.1')],
      ['a2', from('192.0.2.1')],
      ['a3', from('192.0.2.1')],
      ['b1', from('192.0.3.1')],
      ['name', from('192.0.4.1', 'optional')],
      ['mx', { purpose: 'delivery' }],
    ]
    for (const [name, holder] of waiters) {
      void Promise.resolve(places.take(holder)).then((place) => {
        order.push(name)
        held = place as Lease
      })
    }
    for (const _ of waiters) {
      held.release()
      await settled()
    }
    expect(order).toEqual(['mx', 'a1', 'b1', 'a2', 'a3', 'name'])
  })

  it('is not kept for a client that has its share', async () => {
    const { places } = open({ capacity: 10, client: 1, ...all })
    void places.take(from('192.0.2.1'))
    const order: string[] = []
    follow(places.take(from('192.0.2.1')), 'second', order)
    follow(places.take(from('192.0.3.1')), 'other', order)
    await settled()
    expect(order).toEqual(['other'])
  })
})

describe('a wait', () => {
  it('ends after its time, and counts as a refusal then', async () => {
    const { clock, places, budgets, pools } = open({ capacity: 1, ...all })
    void places.take(from('192.0.2.1'))
    const place = places.take(from('192.0.3.1'))
    expect(budgets.usage()[0]?.refused.size).toBe(0)
    await clock.advance(WAIT_MS)
    expect(await place).toEqual({ kind: 'none', cause: expect.stringContaining('no place') })
    expect(budgets.usage()[0]?.refused).toEqual(new Map([['capacity', 1]]))
    await settled()
    expect(pools.waiting.used).toBe(0)
  })

  it('ends when the asker gives up, also before it began', async () => {
    const { places, pools } = open({ capacity: 1, ...all })
    const held = places.take(from('192.0.2.1')) as Lease
    const asker = new AbortController()
    const place = places.take(from('192.0.3.1'), asker.signal)
    asker.abort()
    expect(await place).toMatchObject({ kind: 'none' })
    expect(await places.take(from('192.0.3.1'), asker.signal)).toMatchObject({ kind: 'none' })
    held.release()
    expect([pools.open.used, pools.waiting.used]).toEqual([0, 0])
  })

  it('is refused at once if too many wait', async () => {
    const { places } = open({ capacity: 1, ...all }, { capacity: 4, client: 1, ceilings: {} })
    void places.take(from('192.0.2.1'))
    void places.take(from('192.0.3.1'))
    expect(await places.take(from('192.0.3.1'))).toEqual({ kind: 'none', cause: expect.stringContaining('client') })
  })
})
