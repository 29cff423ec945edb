// Every row of the table in policy-finder.ts, over days.

import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { openTestStore, type TestStore } from '../../test/lib/policy-store.ts'
import type { FetchedPolicy } from './fetch-policy.ts'
import { createPolicyFinder, type PolicyFinder } from './policy-finder.ts'

const DAY_MS = 86_400_000
const policy = { mode: 'enforce', mx: ['mx.a.test'], maxAge: 7 * 86_400 } as const
const RECORD = '_mta-sts.a.test TXT'

let clock: FakeClock
let store: TestStore
let zone: Zone
let served: FetchedPolicy | Promise<FetchedPolicy>
let fetches: string[]
let results: string[]
let finder: PolicyFinder

const newFinder = () =>
  createPolicyFinder({
    resolver: { resolve: (name, type) => fakeResolver(zone).resolve(name, type) },
    store,
    clock,
    fetch: async (domain) => {
      fetches.push(domain)
      return served
    },
    fetched: (domain, { kind }) => void results.push(`${domain} ${kind}`),
  })

beforeEach(() => {
  clock = createFakeClock()
  store = openTestStore()
  zone = { [RECORD]: ['v=STSv1; id=1'] }
  served = { kind: 'fetched', policy }
  fetches = []
  results = []
  finder = newFinder()
})

const failed: FetchedPolicy = { kind: 'failed', failure: 'sts-policy-fetch-error', cause: 'the server answered 500' }

describe('without a known policy', () => {
  it('it is fetched once for messages that come together, and kept over a restart', async () => {
    const answers = await Promise.all([finder.find('a.test'), finder.find('a.test')])
    expect(answers[0]).toMatchObject({
      kind: 'policy',
      policy,
      text: 'a policy of mode enforce until 2026-11-28 for mx.a.test',
    })
    expect(answers[1]).toBe(answers[0])
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
    finder = newFinder()
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
    expect(fetches).toEqual(['a.test'])
    expect(results).toEqual(['a.test fetched'])
  })

  it('there is none without a record', async () => {
    zone = {}
    expect(await finder.find('a.test')).toEqual({ kind: 'none', text: 'no record at _mta-sts.a.test' })
    expect(fetches).toEqual([])
  })

  it('a policy that the node cannot get is a failure, and is not asked for again for five minutes', async () => {
    served = failed
    const answer = {
      kind: 'failed',
      failure: 'sts-policy-fetch-error',
      text: '_mta-sts.a.test announces a policy, but the server answered 500',
    }
    expect(await finder.find('a.test')).toEqual(answer)
    await clock.advance(4 * 60_000)
    expect(await finder.find('a.test')).toEqual(answer)
    expect(fetches).toHaveLength(1)
    served = { kind: 'fetched', policy }
    await clock.advance(60_000)
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
  })

  it('another id is another policy, which is asked for at once', async () => {
    served = failed
    await finder.find('a.test')
    zone = { [RECORD]: ['v=STSv1; id=2'] }
    served = { kind: 'fetched', policy }
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
  })

  it('a look-up that fails says whose fault it is', async () => {
    zone = { [RECORD]: 'unavailable' }
    expect(await finder.find('a.test')).toEqual({
      kind: 'unavailable',
      ours: false,
      text: 'no answer for _mta-sts.a.test: SERVFAIL',
    })
  })

  it('a node without a place cannot know it, and asks again', async () => {
    served = { kind: 'busy', cause: 'too many policies are being fetched' }
    expect(await finder.find('a.test')).toMatchObject({ kind: 'unavailable', ours: true })
    served = { kind: 'fetched', policy }
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
  })
})

describe('a known policy', () => {
  beforeEach(async () => void (await finder.find('a.test')))
  const stays = async (text: string) =>
    expect(await finder.find('a.test')).toMatchObject({
      kind: 'policy',
      text: `a policy of mode enforce until 2026-11-28 for mx.a.test${text}`,
    })

  it.each([
    ['is gone', {}, ', though there is no record'],
    [
      'is there twice',
      { [RECORD]: ['v=STSv1; id=1', 'v=STSv1; id=2'] },
      ', though there is 2 records, where one is allowed',
    ],
    ['has no id', { [RECORD]: ['v=STSv1; id='] }, ', though there is a record without a usable id'],
    ['cannot be looked up', { [RECORD]: 'unavailable' }, ', though there is no answer for _mta-sts.a.test: SERVFAIL'],
  ] as const)('counts to its end if the record %s', async (_name, changed, text) => {
    zone = changed
    await stays(text)
    await clock.advance(7 * DAY_MS - 1)
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
    await clock.advance(1)
    expect((await finder.find('a.test')).kind).not.toBe('policy')
    expect(fetches).toHaveLength(1)
  })

  it('gives way to one with another id', async () => {
    zone = { [RECORD]: ['v=STSv1; id=2'] }
    served = { kind: 'fetched', policy: { ...policy, mode: 'testing' } }
    expect(await finder.find('a.test')).toMatchObject({ policy: { mode: 'testing', id: '2' } })
  })

  it.each<FetchedPolicy>([failed, { kind: 'busy', cause: 'the server answered 500' }])(
    'counts if the new one is missing: %j',
    async (result) => {
      zone = { [RECORD]: ['v=STSv1; id=2'] }
      served = result
      await stays(', because the node cannot get a newer one: the server answered 500')
    },
  )

  it('is fetched again at its end', async () => {
    await clock.advance(7 * DAY_MS)
    served = failed
    expect(await finder.find('a.test')).toMatchObject({ kind: 'failed' })
    await clock.advance(5 * 60_000)
    served = { kind: 'fetched', policy }
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
  })

  it('of mode none is none, and is kept', async () => {
    zone = { [RECORD]: ['v=STSv1; id=2'] }
    served = { kind: 'fetched', policy: { mode: 'none', mx: [], maxAge: 86_400 } }
    const text = 'a policy of mode none until 2026-11-22 for no host'
    expect(await finder.find('a.test')).toEqual({ kind: 'none', text })
    expect(await newFinder().find('a.test')).toEqual({ kind: 'none', text })
    expect(fetches).toHaveLength(2)
  })
})

describe('the refresh', () => {
  beforeEach(async () => void (await finder.find('a.test')))

  it('fetches a policy each day, so that an attacker who blocks its server has no effect before its end', async () => {
    await clock.advance(DAY_MS)
    await finder.refresh()
    expect(fetches).toHaveLength(1)
    await clock.advance(1)
    await finder.refresh()
    expect(fetches).toHaveLength(2)
    served = failed
    for (let day = 0; day < 6; day++) {
      await clock.advance(DAY_MS)
      await finder.refresh()
    }
    expect(await finder.find('a.test')).toMatchObject({
      kind: 'policy',
      text: expect.stringContaining('until 2026-11-29'),
    })
  })

  it('leaves policies that no mail uses, and those that the domain gives up', async () => {
    zone = {}
    await clock.advance(2 * DAY_MS)
    await finder.refresh()
    expect(fetches).toHaveLength(1)
    zone = { [RECORD]: ['v=STSv1; id=1'] }
    store.db.exec('UPDATE policies SET used_at = 0')
    await finder.refresh()
    expect(fetches).toHaveLength(1)
  })

  it('keeps those that mail uses', async () => {
    served = { kind: 'fetched', policy: { ...policy, maxAge: 365 * 86_400 } }
    zone = { [RECORD]: ['v=STSv1; id=2'] }
    await finder.find('a.test')
    await clock.advance(29 * DAY_MS)
    await finder.find('a.test')
    await clock.advance(29 * DAY_MS)
    await finder.refresh()
    expect(fetches).toHaveLength(3)
  })

  it('removes policies whose time has passed', async () => {
    await clock.advance(8 * DAY_MS)
    await finder.refresh()
    expect(await store.find('a.test')).toEqual({ policy: null })
  })
})

describe('a file that cannot be used', () => {
  it('leaves what is in memory; else mail waits, unless the policy can be fetched', async () => {
    await finder.find('a.test')
    store.broken = true
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
    finder = newFinder()
    expect(await finder.find('a.test')).toMatchObject({ kind: 'policy' })
    expect(await finder.find('b.test')).toMatchObject({ kind: 'unavailable', ours: true })
    finder = newFinder()
    served = failed
    expect(await finder.find('a.test')).toMatchObject({ kind: 'unavailable', ours: true })
  })
})

it('keeps the policies that were used last', async () => {
  store = openTestStore(2)
  finder = newFinder()
  for (const name of ['a', 'b', 'c']) {
    zone = { [`_mta-sts.${name}.test TXT`]: ['v=STSv1; id=1'] }
    await finder.find(`${name}.test`)
    await clock.advance(1)
  }
  expect(store.db.prepare('SELECT domain FROM policies').pluck().all()).toEqual(['b.test', 'c.test'])
})
