import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createGuard, type Guard } from './login-throttle.ts'

const MINUTE = 60_000
const limits = { perNetwork: 5, perAccount: 8, perPair: 3, halfLifeMs: 10 * MINUTE }

function setup() {
  const clock = createFakeClock()
  const guard = createGuard({ clock, ...limits })
  return { clock, guard }
}

function fail(
  guard: Guard,
  times: number,
  ip: string | ((i: number) => string),
  user: string | ((i: number) => string),
) {
  for (let i = 0; i < times; i++)
    guard.failed(typeof ip === 'string' ? ip : ip(i), typeof user === 'string' ? user : user(i))
}

describe('the guard', () => {
  it('makes a network wait that guesses at many accounts', () => {
    const { guard } = setup()
    fail(guard, 4, '192.0.2.1', (i) => `user${i}`)
    expect(guard.mayTry('192.0.2.1', 'fresh').kind).toBe('free')
    fail(guard, 1, '192.0.2.1', 'another')
    expect(guard.mayTry('192.0.2.1', 'fresh')).toEqual({ kind: 'banned', cause: 'too many failures from 192.0.2.1' })
    expect(guard.mayTry('192.0.2.2', 'fresh').kind).toBe('free')
  })

  it('takes a /64 as one client, and a mapped IPv4 address as itself', () => {
    const { guard } = setup()
    fail(guard, 5, (i) => `2001:db8:1:2::${i + 1}`, 'lee')
    expect(guard.mayTry('2001:db8:1:2:ffff::9', 'kim').kind).toBe('banned')
    expect(guard.mayTry('2001:db8:1:3::9', 'kim').kind).toBe('free')
    fail(guard, 5, '::ffff:192.0.2.1', 'lee')
    expect(guard.mayTry('192.0.2.1', 'kim').kind).toBe('banned')
  })

  it('makes an account wait that many networks guess at', () => {
    const { guard } = setup()
    fail(guard, 8, (i) => `192.0.2.${i}`, 'LEE')
    expect(guard.mayTry('198.51.100.1', 'lee').kind).toBe('banned')
    expect(guard.mayTry('198.51.100.1', 'kim').kind).toBe('free')
  })

  it('never locks a person out of a known network for the guesses of others', () => {
    const { guard } = setup()
    guard.succeeded('203.0.113.7', 'lee')
    fail(guard, 50, (i) => `192.0.2.${i}`, 'lee')
    fail(guard, 50, '203.0.113.7', (i) => `user${i}`)
    expect(guard.mayTry('203.0.113.7', 'lee').kind).toBe('free')
    expect(guard.mayTry('203.0.113.7', 'kim').kind).toBe('banned')
    expect(guard.mayTry('203.0.113.8', 'lee').kind).toBe('banned')
  })

  it('stops guesses at a known pair too, and a success there clears them', () => {
    const { guard } = setup()
    guard.succeeded('203.0.113.7', 'lee')
    fail(guard, 2, '203.0.113.7', 'lee')
    guard.succeeded('203.0.113.7', 'lee')
    fail(guard, 2, '203.0.113.7', 'lee')
    expect(guard.mayTry('203.0.113.7', 'lee').kind).toBe('free')
    fail(guard, 1, '203.0.113.7', 'lee')
    expect(guard.mayTry('203.0.113.7', 'lee').kind).toBe('banned')
  })

  it('does not let a success of one account wash the network clean', () => {
    const { guard } = setup()
    fail(guard, 5, '192.0.2.1', (i) => `user${i}`)
    guard.succeeded('192.0.2.1', 'own')
    expect(guard.mayTry('192.0.2.1', 'victim').kind).toBe('banned')
  })

  it('forgets with time', async () => {
    const { guard, clock } = setup()
    fail(guard, 10, '192.0.2.1', 'lee')
    await clock.advance(9 * MINUTE)
    expect(guard.mayTry('192.0.2.1', 'kim').kind).toBe('banned')
    await clock.advance(3 * MINUTE)
    expect(guard.mayTry('192.0.2.1', 'kim').kind).toBe('free')
  })

  it('forgets a known network after a month', async () => {
    const { guard, clock } = setup()
    guard.succeeded('203.0.113.7', 'lee')
    await clock.advance(31 * 24 * 60 * MINUTE)
    fail(guard, 8, (i) => `192.0.2.${i}`, 'lee')
    expect(guard.mayTry('203.0.113.7', 'lee').kind).toBe('banned')
  })
})
