// Which connections are kept, for how long, and what becomes of them at the end.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { loopbackTarget } from '../../../test/lib/transport-settings.ts'
import { ConnectionPool, type PoolSettings, standardPool } from './connection-pool.ts'
import { connectionKey, RecentHosts } from './recent-hosts.ts'
import type { TransportConnection } from '../smtp-client/transport.ts'
import { tlsPolicies } from '../tls-policy/configured-policies.ts'

function connection(): TransportConnection & { ended: string; alive: boolean } {
  return {
    ended: '',
    alive: true,
    target: loopbackTarget(25),
    peer: 'peer',
    tls: { level: 'none', policy: 'none' },
    offersDsn: false,
    get usable() {
      return this.alive && this.ended === ''
    },
    send: async () => [],
    quit() {
      this.ended = 'quit'
    },
    close() {
      this.ended = 'closed'
    },
  }
}

function setUp(settings: Partial<PoolSettings> = {}) {
  const clock = createFakeClock()
  const pool = new ConnectionPool({ ...standardPool, ...settings }, clock)
  const keep = (key: string) => {
    const one = connection()
    pool.giveBack(key, pool.adopt(one))
    return one
  }
  return { clock, pool, keep }
}

describe('the pool', () => {
  it('lends what was used last', () => {
    const { pool, keep } = setUp()
    keep('a')
    const second = keep('a')
    expect(pool.borrow('b')).toBeNull()
    expect(pool.borrow('a')?.connection).toBe(second)
    expect(pool).toMatchObject({ idle: 1, lent: 1 })
  })

  it('ends what was idle too long, also if nobody asks', async () => {
    const { pool, keep, clock } = setUp({ idleMs: 5000 })
    const one = keep('a')
    await clock.advance(4999)
    expect(one.ended).toBe('')
    await clock.advance(5001)
    expect(one.ended).toBe('quit')
    expect(pool.idle).toBe(0)
    expect(clock.sleeping).toBe(0)
  })

  it('counts the time of one that was lent and not used', async () => {
    const { pool, clock } = setUp({ idleMs: 5000 })
    const one = connection()
    pool.giveBack('a', pool.adopt(one))
    for (let i = 0; i < 4; i++) {
      await clock.advance(1000)
      const entry = pool.borrow('a')
      if (entry) pool.putBack('a', entry)
    }
    await clock.advance(1000)
    expect(pool.borrow('a')).toBeNull()
    expect(one.ended).toBe('quit')
  })

  it('ends what was idle before the clock was set back', () => {
    const { pool, keep, clock } = setUp()
    const one = keep('a')
    clock.set(clock.now() - 3_600_000)
    expect(pool.borrow('a')).toBeNull()
    expect(one.ended).toBe('quit')
  })

  it('ends what carried enough or is old', async () => {
    const { pool, clock } = setUp({ maxMessages: 2, maxAgeMs: 10_000 })
    const worn = connection()
    const entry = pool.adopt(worn)
    entry.messages = 2
    pool.giveBack('a', entry)
    expect(worn.ended).toBe('quit')
    const old = connection()
    const aged = pool.adopt(old)
    await clock.advance(10_000)
    pool.giveBack('a', aged)
    expect(old.ended).toBe('quit')
  })

  it('does not lend what the peer closed', () => {
    const { pool, keep } = setUp()
    const good = keep('a')
    keep('a').alive = false
    expect(pool.borrow('a')?.connection).toBe(good)
    expect(pool.borrow('a')).toBeNull()
  })

  it('keeps no more than agreed, the oldest goes', () => {
    const { pool, keep } = setUp({ maxIdle: 2 })
    const first = keep('a')
    keep('b')
    keep('c')
    expect(first.ended).toBe('quit')
    expect(pool.borrow('a')).toBeNull()
    expect(pool.borrow('b')).not.toBeNull()
  })

  it('says goodbye to idle ones when it retires and cuts off the rest when it aborts', () => {
    const { pool, keep } = setUp()
    const idle = keep('a')
    const busy = connection()
    const entry = pool.adopt(busy)
    pool.retire()
    expect(idle.ended).toBe('quit')
    expect(busy.ended).toBe('')
    const last = connection()
    pool.giveBack('a', pool.adopt(last))
    expect(last.ended).toBe('quit')
    pool.abort()
    expect(entry.connection).toBe(busy)
    expect(busy.ended).toBe('closed')
    const late = connection()
    pool.adopt(late)
    expect(late.ended).toBe('closed')
  })
})

describe('recent hosts', () => {
  it('remember a look-up for a minute, not longer by being used', () => {
    const recent = new RecentHosts()
    recent.remember('mx:a', 'one', 0)
    recent.remember('mx:a', 'two', 50_000)
    expect(recent.keys('mx:a', 59_999)).toEqual(['one', 'two'])
    expect(recent.keys('mx:a', 60_000)).toEqual([])
  })

  it('tell connections apart by place, name and proof', () => {
    const keys = [
      loopbackTarget(25),
      loopbackTarget(26),
      loopbackTarget(25, { host: 'other.test' }),
      loopbackTarget(25, { tls: tlsPolicies.verify }),
      loopbackTarget(25, { protocol: 'lmtp' }),
      loopbackTarget(25, { implicitTls: true }),
    ].map(connectionKey)
    expect(new Set(keys).size).toBe(6)
    expect(connectionKey(loopbackTarget(25))).toBe(keys[0])
  })
})
