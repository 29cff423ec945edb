import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { Ban, BanAnswer, BanOrder } from '../state/ban-contract.ts'
import { type BanningGuard, CROWD_MS, createBanningGuard } from './banning-guard.ts'
import { createKnownClients, type KnownClients } from './known-clients.ts'
import { createGuard, type Guard } from './login-throttle.ts'

const rules = { duration: 3_600_000, longest: 86_400_000, account: 900_000 }

let clock: FakeClock
let known: KnownClients
let inner: Guard
let guard: BanningGuard
let added: BanOrder[]
let answer: BanAnswer
let asked: unknown[]

beforeEach(() => {
  clock = createFakeClock()
  known = createKnownClients(clock)
  ;[added, asked, answer] = [[], [], { kind: 'known', bans: [] }]
  inner = createGuard({ budgets: createBudgets(clock), known })
  const bans = {
    find: async (who: unknown) => {
      asked.push(who)
      return answer
    },
    add: async (order: BanOrder) => {
      added.push(order)
      return 'added' as const
    },
  }
  guard = createBanningGuard({ guard: inner, bans, known, rules, domain: 'example.org', clock })
})

async function fail(ip: string, user: string): Promise<string> {
  const attempt = await guard.begin(ip, user)
  if (attempt.kind === 'free') attempt.end('failed')
  return attempt.kind
}

const ban = (change: Partial<Ban>): Ban => ({
  kind: 'account',
  value: 'kim',
  at: 0,
  until: clock.now() + 60_000,
  by: 'node',
  reason: 'failed logins',
  evidence: '',
  times: 1,
  ...change,
})

describe('what reaches a limit', () => {
  it('is banned, with the accounts that the client tried as evidence', async () => {
    for (let i = 0; i < 20; i++) await fail('192.0.2.1', `user${i % 7}`)
    expect(added).toEqual([])
    expect(await fail('192.0.2.1', 'another')).toBe('banned')
    expect(added).toEqual([
      {
        kind: 'address',
        value: '192.0.2.1',
        at: clock.now(),
        reason: 'failed logins',
        evidence:
          '20 failed logins from 192.0.2.1, of user:user0, user:user1, user:user2, user:user3, user:user4 and 2 more',
      },
    ])
  })

  it('of many sites at one account bans the account', async () => {
    for (let i = 0; i < 31; i++) await fail(`192.0.${i % 10}.1`, 'kim')
    expect(added).toMatchObject([
      {
        kind: 'account',
        value: 'kim',
        evidence: expect.stringMatching(/^30 failed logins of user:kim, from 192\.0\.0\.1,.* and 5 more$/),
      },
    ])
  })

  it('is no ban where the user has logged in before', async () => {
    known.add('kim', '192.0.2.1')
    for (let i = 0; i < 25; i++) await fail('192.0.2.1', 'kim')
    expect(added).toEqual([])
  })
})

describe('a ban that stands', () => {
  it('refuses, unless the node made it and the account knows the client', async () => {
    answer = { kind: 'known', bans: [ban({})] }
    expect(await guard.begin('192.0.2.1', 'kim')).toMatchObject({
      kind: 'banned',
      cause: expect.stringMatching(/^user:kim is banned until .* by node: failed logins$/),
    })
    known.add('kim', '192.0.2.1')
    expect(await guard.begin('192.0.2.1', 'kim')).toMatchObject({ kind: 'free', isKnown: true })
    answer = { kind: 'known', bans: [ban({ by: 'root' })] }
    expect(await guard.begin('192.0.2.1', 'kim')).toMatchObject({ kind: 'banned' })
  })

  it('concerns the name with and without our domain', async () => {
    await guard.begin('192.0.2.1', 'Kim')
    await guard.begin('192.0.2.1', 'kim@other.example')
    expect(asked).toEqual([
      { ip: '192.0.2.1', accounts: ['kim', 'kim@example.org'] },
      { ip: '192.0.2.1', accounts: ['kim@other.example'] },
    ])
  })

  it('that cannot be read defers the login', async () => {
    answer = { kind: 'unavailable', cause: 'no disk' }
    expect(await guard.begin('192.0.2.1', 'kim')).toEqual({
      kind: 'unavailable',
      cause: 'the bans cannot be read: no disk',
    })
  })
})

describe('counts', () => {
  it('continue after a restart, less what has decayed', async () => {
    for (let i = 0; i < 16; i++) await fail('192.0.2.1', `user${i}`)
    const counts = inner.counts()
    expect(counts).toContainEqual({ rate: 'failedLoginsOfClient', key: '192.0.2.1', value: 16 })
    const restarted = createGuard({ budgets: createBudgets(clock), known })
    for (const count of counts) restarted.restore(count, 600_000)
    expect(restarted.counts()).toContainEqual({ rate: 'failedLoginsOfClient', key: '192.0.2.1', value: 8 })
    restarted.restore({ rate: 'toString', key: 'x', value: 1 }, 0)
    restarted.forgive('192.0.2.1')
    expect(restarted.counts().filter(({ rate }) => rate === 'failedLoginsOfClient')).toEqual([])
  })
})

describe('many users behind one address', () => {
  it('wait for each other where all are new, and are not banned', async () => {
    const running: (() => void)[] = []
    const logIn = async (user: string) => {
      const attempt = await guard.begin('192.0.2.1', user)
      if (attempt.kind !== 'free') return attempt.kind
      await new Promise<void>((resolve) => running.push(resolve))
      attempt.end('succeeded')
      return user
    }
    const users = Array.from({ length: 65 }, (_, i) => `user${i}`)
    const all = Promise.all(users.map(logIn))
    const most: number[] = []
    for (let round = 0; round < 4; round++) {
      await clock.advance(0)
      most.push(running.length)
      for (const judged of running.splice(0)) judged()
    }
    expect(await all).toEqual(users)
    expect([most, added]).toEqual([[20, 20, 20, 5], []])
  })

  it('wait for some seconds at most, as when a client holds its exchanges open', async () => {
    for (let i = 0; i < 20; i++) await guard.begin('192.0.2.1', `user${i}`)
    const late = guard.begin('192.0.2.1', 'kim')
    await clock.advance(CROWD_MS)
    expect(await late).toEqual({
      kind: 'unavailable',
      cause: 'too many logins at once for address 192.0.2.1',
    })
    expect(added).toEqual([])
  })

  it('does not hide guesses: what fails in parallel is counted, and banned', async () => {
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, i) => fail('192.0.2.1', `user${i}`)))
    expect(outcomes.filter((kind) => kind === 'free')).toHaveLength(20)
    expect(outcomes.filter((kind) => kind === 'banned')).toHaveLength(40)
    expect(added[0]).toMatchObject({ kind: 'address', value: '192.0.2.1' })
  })
})
