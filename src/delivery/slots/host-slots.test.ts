// Connections to hosts: shares by address and network that follow how hosts work, and the number that a host accepts.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { loopbackTarget } from '../../../test/lib/transport-settings.ts'
import { budgetTable } from '../../budget/budget-table.ts'
import { createPool } from '../../budget/pool.ts'
import type { Target } from '../target.ts'
import { type HostSlot, HostSlots } from './host-slots.ts'
import { WaitingHops } from './waiting-hops.ts'

const { deliveryHosts } = budgetTable

function at(address: string): Target {
  return loopbackTarget(25, { endpoint: { kind: 'tcp', address, port: 25 } })
}

function setUp() {
  const clock = createFakeClock()
  const waiting = new WaitingHops(clock)
  const called: string[] = []
  waiting.onFree((nextHop) => called.push(nextHop))
  const pool = createPool(deliveryHosts, () => undefined)
  const idle = new Map<string, number>()
  const slots = new HostSlots({ pool, clock, waiting, idle: (address) => idle.get(address) ?? 0, start: deliveryHosts })
  const take = (address: string, { nextHop = 'mx:a.example', isTrusted = false } = {}): HostSlot | null => {
    const place = slots.acquire(at(address), { nextHop, isTrusted })
    return place?.kind === 'acquired' ? place.slot : null
  }
  const takeAll = (address: (i: number) => string, options = {}) => {
    const got: HostSlot[] = []
    for (let slot = take(address(0), options); slot; slot = take(address(got.length), options)) got.push(slot)
    return got
  }
  return { clock, slots, pool, idle, called, take, takeAll }
}

const HOST = '192.0.2.1'

describe('the share of a host', () => {
  it('is ten connections for an address and twenty for its network, whatever domains lead there', () => {
    const { takeAll, take } = setUp()
    expect(takeAll(() => HOST)).toHaveLength(10)
    expect(takeAll((i) => `192.0.2.${10 + i}`)).toHaveLength(10)
    expect(take('192.0.3.1')).not.toBeNull()
    expect(takeAll((i) => `2001:db8:1:${i.toString(16)}::1`)).toHaveLength(20)
  })

  it('grows with quick replies to a quarter and a half of the slots', async () => {
    const { takeAll, take, clock } = setUp()
    for (let i = 0; i < 300; i++) {
      const slot = take(HOST)
      await clock.advance(5)
      slot?.release(true)
    }
    expect(takeAll(() => HOST)).toHaveLength(50)
    expect(takeAll((i) => `192.0.2.${2 + i}`)).toHaveLength(50)
  })

  it('does not grow with slow replies, and halves when connections are held without a result', async () => {
    const { takeAll, clock } = setUp()
    const slow = takeAll(() => HOST)
    await clock.advance(45_000)
    for (const slot of slow) slot.release(true)
    const held = takeAll(() => HOST)
    expect(held).toHaveLength(10)
    await clock.advance(11_000)
    held[0]?.release(false)
    expect(takeAll(() => HOST)).toHaveLength(0)
    for (const slot of held) slot.release(false)
    expect(takeAll(() => HOST)).toHaveLength(2)
  })

  it('does not shrink when a host refuses quickly', () => {
    const { take, takeAll } = setUp()
    for (let i = 0; i < 20; i++) take(HOST)?.release(false)
    expect(takeAll(() => HOST)).toHaveLength(10)
  })

  it('does not concern peers, configured next hops and unix sockets', () => {
    const { slots, takeAll } = setUp()
    expect(takeAll(() => HOST, { isTrusted: true })).toHaveLength(200)
    const socket = loopbackTarget(1, { endpoint: { kind: 'unix', path: '/run/lmtp' } })
    expect(slots.acquire(socket, { nextHop: 'lmtp:unix:/run/lmtp', isTrusted: true })).toBeNull()
  })

  it('calls a waiting next hop when a place is free, of the address and of the network', () => {
    const { take, called } = setUp()
    const [first] = Array.from({ length: 10 }, () => take(HOST))
    expect(take(HOST, { nextHop: 'mx:waiting.example' })).toBeNull()
    first?.release(true)
    expect(called).toContain('mx:waiting.example')
  })
})

describe('the connections that a host accepts', () => {
  it('are learned from its refusals, for peers as well', () => {
    const { take, takeAll } = setUp()
    const held = Array.from({ length: 5 }, () => take(HOST, { isTrusted: true }))
    for (const slot of held.slice(2)) expect(slot?.refused(true)).toBe(1000)
    expect(take(HOST, { isTrusted: true })).toBeNull()
    held[0]?.release(true)
    expect(takeAll(() => HOST)).toHaveLength(1)
  })

  it('are one more after each minute without a refusal, and unknown after an hour', async () => {
    const { take, takeAll, clock } = setUp()
    const [, , third] = [take(HOST), take(HOST), take(HOST)]
    third?.refused(true)
    expect(takeAll(() => HOST)).toHaveLength(0)
    await clock.advance(60_000)
    const probe = takeAll(() => HOST)
    expect(probe).toHaveLength(1)
    probe[0]?.refused(true)
    expect(takeAll(() => HOST)).toHaveLength(0)
    await clock.advance(3_600_001)
    expect(takeAll(() => HOST)).toHaveLength(8)
  })

  it('are one more after ten seconds if the reply did not say why', async () => {
    const { take, takeAll, clock } = setUp()
    const [, second] = [take(HOST), take(HOST)]
    second?.refused(false)
    expect(takeAll(() => HOST)).toHaveLength(0)
    await clock.advance(10_000)
    expect(takeAll(() => HOST)).toHaveLength(1)
  })

  it('are not known from a refusal of the only connection', async () => {
    const { take, idle, clock } = setUp()
    const only = take(HOST)
    expect(only?.refused(true)).toBeNull()
    only?.release(false)
    // A refusal does not make the next one harmless.
    expect(take(HOST)?.refused(true)).toBeNull()
    idle.set('198.51.100.1', 1)
    expect(take('198.51.100.1')?.refused(true)).toBe(1000)
    take('203.0.113.1')?.release(true)
    await clock.advance(9000)
    expect(take('203.0.113.1')?.refused(true)).toBe(1000)
  })

  it('count idle connections, which make place for another', () => {
    const { take, slots, idle } = setUp()
    const held = [take(HOST), take(HOST), take(HOST)]
    held[2]?.refused(true)
    held[0]?.release(true)
    idle.set(HOST, 1)
    expect(slots.surplus(HOST)).toBe(0)
    take(HOST)
    expect(slots.surplus(HOST)).toBe(1)
    expect(slots.surplus('192.0.2.99')).toBe(0)
  })
})

it('never gives a host more than its most, and gives every place back, in any order of results', () => {
  const step = fc.record({
    host: fc.nat(5),
    trusted: fc.boolean(),
    end: fc.nat(8),
    result: fc.constantFrom('answered', 'silent', 'refused'),
    ms: fc.nat(40_000),
  })
  return fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
      const { clock, take, pool } = setUp()
      const held: HostSlot[] = []
      for (const { host, trusted, end, result, ms } of steps) {
        const slot = take(`192.0.2.${host}`, { isTrusted: trusted })
        if (slot) held.push(slot)
        await clock.advance(ms)
        const [ended] = held.splice(end, 1)
        if (result === 'refused') ended?.refused(true)
        ended?.release(result === 'answered')
        expect(pool.used).toBe(held.length)
      }
      for (const slot of held) slot.release(true)
      expect(pool.used).toBe(0)
      // A host that replies gets places again, whatever it did before.
      await clock.advance(3_600_001)
      expect(take('192.0.2.0')).not.toBeNull()
    }),
    { numRuns: 50 },
  )
})
