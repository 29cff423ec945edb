import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createKnownClients } from './known-clients.ts'
import { type AttemptEnd, createGuard, type Guard } from './login-throttle.ts'

const MINUTE = 60_000

function setup() {
  const clock = createFakeClock()
  const known = createKnownClients(clock)
  return { clock, known, guard: createGuard({ budgets: createBudgets(clock), known }) }
}

type Many = string | ((i: number) => string)
const nth = (value: Many, i: number) => (typeof value === 'string' ? value : value(i))

/** Attempts one after the other; returns how many the guard allowed. */
function attempts(guard: Guard, times: number, [ip, user]: readonly [Many, Many], end: AttemptEnd = 'failed'): number {
  let allowed = 0
  for (let i = 0; i < times; i++) {
    const attempt = guard.begin(nth(ip, i), nth(user, i))
    if (attempt.kind !== 'free') continue
    allowed++
    attempt.end(end)
  }
  return allowed
}

/** What the guard would say now; the attempt itself does not count. */
function asked(guard: Guard, ip: string, user: string): string {
  const attempt = guard.begin(ip, user)
  if (attempt.kind !== 'free') return attempt.cause
  attempt.end('undecided')
  return attempt.isKnown ? 'known' : 'free'
}

/** Addresses of different sites. */
const site = (i: number) => `192.0.${i}.1`

describe('the guard', () => {
  it('makes a client wait that guesses at many accounts', () => {
    const { guard } = setup()
    expect(attempts(guard, 30, ['192.0.2.1', (i) => `user${i}`])).toBe(20)
    expect(asked(guard, '192.0.2.1', 'fresh')).toBe('too many failures from 192.0.2.1')
    expect(asked(guard, '192.0.3.1', 'fresh')).toBe('free')
  })

  it('judges no more guesses in parallel than in turn', () => {
    const { guard } = setup()
    const begun = Array.from({ length: 50 }, (_, i) => guard.begin('192.0.2.1', `user${i}`))
    expect(begun.filter(({ kind }) => kind === 'free')).toHaveLength(20)
    expect(begun.filter(({ kind }) => kind === 'crowded')).toHaveLength(30)
    for (const attempt of begun) if (attempt.kind === 'free') attempt.end('undecided')
    expect(asked(guard, '192.0.2.1', 'fresh')).toBe('free')
  })

  it('takes the failures of attempts in parallel for failures, and no others', async () => {
    const { guard } = setup()
    const begun = Array.from({ length: 20 }, (_, i) => guard.begin('192.0.2.1', `user${i}`))
    const next = guard.begin('192.0.2.1', 'next')
    expect(next).toMatchObject({ kind: 'crowded', cause: 'too many logins at once for address 192.0.2.1' })
    for (const attempt of begun.slice(1)) if (attempt.kind === 'free') attempt.end('failed')
    expect(guard.begin('192.0.2.1', 'next').kind).toBe('crowded')
    const [last] = begun
    if (last?.kind === 'free') last.end('failed')
    if (next.kind === 'crowded') await next.nextEnd
    expect(guard.begin('192.0.2.1', 'next')).toMatchObject({ kind: 'banned', reached: { failures: 20 } })
  })

  it('lets a mail program of a user log in many times at once', () => {
    const { guard } = setup()
    const begun = Array.from({ length: 15 }, () => guard.begin('192.0.2.1', 'lee'))
    expect(begun.every(({ kind }) => kind === 'free')).toBe(true)
    for (const attempt of begun) if (attempt.kind === 'free') attempt.end('succeeded')
    expect(attempts(guard, 100, ['192.0.2.1', 'lee'], 'succeeded')).toBe(100)
  })

  it('takes a /64 as one client, a mapped IPv4 address as itself, and bounds a /48 and a /24', () => {
    const { guard } = setup()
    expect(attempts(guard, 30, [(i) => `2001:db8:1:2::${i + 1}`, (i) => `a${i}`])).toBe(20)
    expect(asked(guard, '2001:db8:1:3::9', 'kim')).toBe('free')
    expect(attempts(guard, 500, [(i) => `2001:db8:1:${i + 10}::1`, (i) => `b${i}`])).toBe(80)
    expect(asked(guard, '2001:db8:1:fff0::9', 'kim')).toBe('too many failures from 2001:db8:1::/48')
    expect(asked(guard, '2001:db8:2::9', 'kim')).toBe('free')
    expect(attempts(guard, 30, ['::ffff:192.0.2.1', (i) => `c${i}`])).toBe(20)
    expect(asked(guard, '192.0.2.1', 'kim')).toContain('192.0.2.1')
    expect(attempts(guard, 200, [(i) => `192.0.2.${i + 2}`, (i) => `d${i}`])).toBe(80)
  })

  it('makes an account wait that many sites guess at', () => {
    const { guard } = setup()
    attempts(guard, 40, [site, 'LEE'])
    expect(asked(guard, '198.51.100.1', 'lee')).toBe('too many failures of user:lee')
    expect(asked(guard, '198.51.100.1', 'kim')).toBe('free')
  })

  it('does not let five sites lock an account out elsewhere, however often they guess', () => {
    const { guard } = setup()
    for (let n = 0; n < 5; n++) attempts(guard, 300, [(i) => `192.0.${n}.${i % 250}`, 'lee'])
    expect(asked(guard, '198.51.100.1', 'lee')).toBe('free')
  })

  it('never locks a user out of a known client for the guesses of others', () => {
    const { guard } = setup()
    attempts(guard, 1, ['203.0.113.7', 'lee'], 'succeeded')
    attempts(guard, 50, [site, 'lee'])
    attempts(guard, 50, ['203.0.113.7', (i) => `user${i}`])
    expect(asked(guard, '203.0.113.7', 'lee')).toBe('known')
    expect(asked(guard, '203.0.113.7', 'kim')).toContain('203.0.113.7')
    expect(asked(guard, '203.0.114.8', 'lee')).toContain('lee')
  })

  it('stops guesses at a known pair too, and a success there clears them', () => {
    const { guard } = setup()
    attempts(guard, 1, ['203.0.113.7', 'lee'], 'succeeded')
    expect(attempts(guard, 19, ['203.0.113.7', 'lee'])).toBe(19)
    attempts(guard, 1, ['203.0.113.7', 'lee'], 'succeeded')
    expect(attempts(guard, 30, ['203.0.113.7', 'lee'])).toBe(20)
    expect(asked(guard, '203.0.113.7', 'lee')).toContain('failed too often')
  })

  it('does not let a success of one account wash the client clean', () => {
    const { guard } = setup()
    attempts(guard, 19, ['192.0.2.1', (i) => `user${i}`])
    attempts(guard, 1, ['192.0.2.1', 'own'], 'succeeded')
    expect(attempts(guard, 5, ['192.0.2.1', 'victim'])).toBe(1)
  })

  it('forgets with time', async () => {
    const { guard, clock } = setup()
    attempts(guard, 30, ['192.0.2.1', 'lee'])
    await clock.advance(30_000)
    expect(asked(guard, '192.0.2.1', 'kim')).toContain('192.0.2.1')
    await clock.advance(5 * MINUTE)
    expect(asked(guard, '192.0.2.1', 'kim')).toBe('free')
  })

  it('forgets a known client after a month', async () => {
    const { guard, clock } = setup()
    attempts(guard, 1, ['203.0.113.7', 'lee'], 'succeeded')
    await clock.advance(32 * 24 * 60 * MINUTE)
    expect(asked(guard, '203.0.113.7', 'lee')).toBe('free')
  })
})
