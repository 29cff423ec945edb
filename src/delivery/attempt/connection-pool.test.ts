// Which connections are kept, for how long, and how they are closed.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { loopbackTarget } from '../../../test/lib/transport-settings.ts'
import { ConnectionPool, type PoolSettings, standardPool } from './connection-pool.ts'
import { connectionKey, RecentHosts } from './recent-hosts.ts'
import type { TransportConnection } from '../smtp-client/transport.ts'
import { acceptAny } from '../tls-policy/opportunistic-policy.ts'

function connection(): TransportConnection & { ended: string; alive: boolean } {
  return {
    ended: '',
    alive: true,
    target: loopbackTarget(25),
    peer: 'peer',
    requirement: { policy: 'none', key: 'none', startTls: 'never', context: 'opportunistic', judge: acceptAny },
    tls: { level: 'none', policy: 'none' },
    localAddress: null,
    peerName: null,
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
  it('lends the connection that was used last', () => {
    const { pool, keep } = setUp()
    const first = keep('a')
    const second = keep('a')
    expect(pool.borrow('b')).toBeNull()
    expect(pool.borrow('a')?.connection).toBe(second)
    expect(pool.borrow('a')?.connection).toBe(first)
    expect(pool.borrow('a')).toBeNull()
  })

  it('closes a connection that is idle too long, without a request for it', async () => {
    const { pool, keep, clock } = setUp({ idleMs: 5000 })
    const one = keep('a')
    await clock.advance(4999)
    expect(one.ended).toBe('')
    await clock.advance(5001)
    expect(one.ended).toBe('quit')
    expect(pool.borrow('a')).toBeNull()
    expect(clock.sleeping).toBe(0)
  })

  it('continues the idle time of a connection that was lent and not used', async () => {
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

  it('keeps idle connections when the wall clock is set back, and closes them in time', async () => {
    const { pool, keep, clock } = setUp({ idleMs: 5000 })
    const one = keep('a')
    clock.set(clock.now() - 3_600_000)
    await clock.advance(5000)
    expect(pool.borrow('a')).toBeNull()
    expect(one.ended).toBe('quit')
  })

  it('closes a connection that carried enough messages or is too old', async () => {
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

  it('does not lend a connection that the peer closed', () => {
    const { pool, keep } = setUp()
    const good = keep('a')
    keep('a').alive = false
    expect(pool.borrow('a')?.connection).toBe(good)
    expect(pool.borrow('a')).toBeNull()
  })

  it('closes the oldest idle connection beyond the limit', () => {
    const { pool, keep } = setUp({ maxIdle: 2 })
    const first = keep('a')
    keep('b')
    keep('c')
    expect(first.ended).toBe('quit')
    expect(pool.borrow('a')).toBeNull()
    expect(pool.borrow('b')).not.toBeNull()
  })

  it('closes idle connections when it retires, and all others when it aborts', () => {
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
  it('are remembered for a minute from the look-up, however often they are used', async () => {
    const clock = createFakeClock()
    const recent = new RecentHosts(clock)
    recent.remember('mx:a', 'one')
    await clock.advance(50_000)
    recent.remember('mx:a', 'two')
    await clock.advance(9999)
    expect(recent.keys('mx:a')).toEqual(['one', 'two'])
    await clock.advance(1)
    expect(recent.keys('mx:a')).toEqual([])
  })

  it('distinguish connections by endpoint, name, protocol and TLS requirement', () => {
    const keys = [
      loopbackTarget(25),
      loopbackTarget(26),
      loopbackTarget(25, { host: 'other.test' }),
      loopbackTarget(25, { protocol: 'lmtp' }),
      loopbackTarget(25, { implicitTls: true }),
    ].map((target) => connectionKey(target, { key: 'may' }))
    keys.push(connectionKey(loopbackTarget(25), { key: 'verify' }))
    expect(new Set(keys).size).toBe(6)
    expect(connectionKey(loopbackTarget(25), { key: 'may' })).toBe(keys[0])
  })
})
