// Pools: capacity, shares, ceilings, leases.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPool, type Lease, type Pool, type PoolLimits, type Shortage } from './pool.ts'

function open(limits: PoolLimits): { readonly pool: Pool; readonly refused: Shortage[] } {
  const refused: Shortage[] = []
  return { pool: createPool(limits, (shortage) => refused.push(shortage)), refused }
}

const stranger = (ip: string) => ({ purpose: 'internet', ip }) as const

describe('a pool', () => {
  it('counts clients and all together, and takes each lease back once', () => {
    const { pool, refused } = open({ capacity: 3, client: 2 })
    const first = pool.take(stranger('192.0.2.1')) as Lease
    expect(pool.take(stranger('::ffff:192.0.2.1')).kind).toBe('lease')
    expect(pool.take(stranger('192.0.2.1'))).toEqual({ kind: 'short', shortage: 'client' })
    expect(pool.take(stranger('2001:db8::1')).kind).toBe('lease')
    expect(pool.take(stranger('192.0.2.9'))).toEqual({ kind: 'short', shortage: 'capacity' })
    first.release()
    first.release()
    expect(pool.used).toBe(2)
    expect(pool.take(stranger('192.0.2.1')).kind).toBe('lease')
    expect(refused).toEqual(['client', 'capacity'])
  })

  it('gives a network its share, however many addresses it has', () => {
    const { pool } = open({ capacity: 100, client: 2, network: 3 })
    const taken = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'].map((ip) => pool.take(stranger(ip)).kind)
    expect(taken).toEqual(['lease', 'lease', 'lease', 'short'])
    expect(pool.take(stranger('192.0.2.200'))).toEqual({ kind: 'short', shortage: 'network' })
    expect(pool.take(stranger('192.0.3.1')).kind).toBe('lease')
    const subnets = [1, 2, 3, 4].map((n) => pool.take(stranger(`2001:db8:7:${n}::1`)).kind)
    expect(subnets).toEqual(['lease', 'lease', 'lease', 'short'])
  })

  it('keeps the part above a ceiling for the other purposes', () => {
    const { pool, refused } = open({ capacity: 10, ceilings: { internet: 0.8, optional: 0.5 } })
    for (let i = 0; i < 5; i++) expect(pool.take({ purpose: 'optional' }).kind).toBe('lease')
    expect(pool.take({ purpose: 'optional' })).toEqual({ kind: 'short', shortage: 'purpose' })
    for (let i = 0; i < 3; i++) expect(pool.take({ purpose: 'internet' }).kind).toBe('lease')
    expect(pool.take({ purpose: 'internet' })).toEqual({ kind: 'short', shortage: 'purpose' })
    expect(pool.take({ purpose: 'fleet' }, 2).kind).toBe('lease')
    expect(refused).toEqual(['purpose', 'purpose'])
  })

  it('gives all holders of a purpose together their portion, and at least one unit', () => {
    const { pool, refused } = open({ capacity: 10, portions: { internet: 0.5, known: 0.8 } })
    for (let i = 0; i < 5; i++) expect(pool.take({ purpose: 'internet' }).kind).toBe('lease')
    expect(pool.fits({ purpose: 'internet' })).toBe(false)
    expect(refused).toEqual([])
    expect(pool.take({ purpose: 'internet' })).toEqual({ kind: 'short', shortage: 'purpose' })
    for (let i = 0; i < 5; i++) expect(pool.take({ purpose: 'known' }).kind).toBe('lease')
    expect(pool.take({ purpose: 'fleet' })).toEqual({ kind: 'short', shortage: 'capacity' })
    const { pool: small } = open({ capacity: 1, portions: { internet: 0.5 }, ceilings: { internet: 0.9 } })
    expect(small.fits({ purpose: 'internet' })).toBe(true)
  })

  it('counts a purpose once, with and without an address', () => {
    const { pool } = open({ capacity: 10, client: 9, portions: { internet: 0.3 } })
    const plain = pool.take({ purpose: 'internet' }) as Lease
    plain.release()
    const leases = [stranger('192.0.2.1'), { purpose: 'internet' }, stranger('192.0.2.2')] as const
    for (const holder of leases) expect(pool.take(holder).kind).toBe('lease')
    expect(pool.take({ purpose: 'internet' })).toEqual({ kind: 'short', shortage: 'purpose' })
    expect(pool.take(stranger('192.0.2.3'))).toEqual({ kind: 'short', shortage: 'purpose' })
    expect(pool.filled('internet')).toBe(1)
  })

  it('limits one lease, and counts those of a client together, also while they have no units', () => {
    const { pool } = open({ capacity: 100, transaction: 3, client: 4 })
    const [one, two] = [stranger('192.0.2.1'), stranger('192.0.2.1')].map((holder) => pool.take(holder, 0) as Lease)
    expect([one?.extend(2), one?.extend(2), one?.extend(1)]).toEqual([null, 'transaction', null])
    expect([two?.extend(2), two?.extend(1)]).toEqual(['client', null])
    expect(pool.take({ purpose: 'fleet' }, 4)).toEqual({ kind: 'short', shortage: 'transaction' })
    one?.release()
    expect(two?.extend(2)).toBeNull()
    two?.release()
    expect([pool.used, pool.heldBy('192.0.2.1')]).toEqual([0, 0])
  })

  it('lets a holder have other shares than the pool gives', () => {
    const { pool } = open({ capacity: 10, client: 1, network: 2 })
    const wide = { ...stranger('192.0.2.1'), shares: { client: 3, network: 4 } }
    for (let i = 0; i < 3; i++) expect(pool.take(wide).kind).toBe('lease')
    expect(pool.take(wide)).toEqual({ kind: 'short', shortage: 'client' })
    expect(pool.heldBy('::ffff:192.0.2.1')).toBe(3)
    expect(pool.take(stranger('192.0.2.2'))).toEqual({ kind: 'short', shortage: 'network' })
  })

  it('extends a lease all or nothing, and gives everything back at once', () => {
    const { pool } = open({ capacity: 100, account: 50 })
    const lease = pool.take({ purpose: 'people', account: 'kim' }, 10) as Lease
    expect(lease.extend(40)).toBeNull()
    expect(lease.extend(1)).toBe('account')
    expect(pool.used).toBe(50)
    lease.shrink(30)
    expect(pool.used).toBe(20)
    expect(pool.take({ purpose: 'people', account: 'kim' }, 30).kind).toBe('lease')
    lease.shrink(1000)
    expect(pool.used).toBe(30)
    lease.release()
    expect(pool.used).toBe(30)
    expect(lease.extend(1)).toBe('capacity')
    lease.shrink(1)
    expect(pool.used).toBe(30)
  })

  it('never goes beyond a limit and returns to zero, in any order of requests', () => {
    const step = fc.record({
      ip: fc.integer({ min: 1, max: 6 }),
      units: fc.integer({ min: 1, max: 4 }),
      free: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { pool } = open({ capacity: 12, client: 5, network: 9, ceilings: { internet: 0.9 } })
        const leases: Lease[] = []
        for (const { ip, units, free } of steps) {
          const taken = pool.take(stranger(`192.0.2.${ip}`), units)
          if (taken.kind === 'lease') leases.push(taken)
          leases.splice(free, 1)[0]?.release()
          expect(pool.used).toBeLessThanOrEqual(9)
        }
        for (const lease of leases) lease.release()
        expect(pool.used).toBe(0)
        expect(pool.take(stranger('192.0.2.1'), 5).kind).toBe('lease')
      }),
    )
  })
})
