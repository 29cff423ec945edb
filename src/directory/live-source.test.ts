import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import type { AddressRecord, Lookup } from './directory.ts'
import { cacheSource } from './live-source.ts'
import type { CachedSource, LiveSource } from './live-source.ts'

const settings = { name: 'ldap', domains: new Set(['example.org']), foundMs: 1000, absentMs: 100, keepMs: 10_000 }
const record: AddressRecord = { user: { name: 'kim', source: 'uid=kim' } }
const away = { kind: 'unavailable', cause: 'ldap: down' } as const
const down: Lookup<AddressRecord> = away
const grant = { address: 'press@example.org', source: 'cn=press' }
const KEY = 'kim@example.org'

let clock: FakeClock
let answer: Lookup<AddressRecord> | Promise<Lookup<AddressRecord>>
let asked: string[]
let source: CachedSource

beforeEach(() => {
  clock = createFakeClock()
  answer = { kind: 'found', value: record }
  asked = []
  source = cacheSource(
    settings,
    {
      address: async (key) => {
        asked.push(key)
        return await answer
      },
      user: async (name) => {
        asked.push(name)
        const got = await answer
        return got.kind === 'found' ? { kind: 'found', value: { addresses: [], source: 'uid=kim' } } : got
      },
      aliasGrants: async (key) => {
        asked.push(`grants ${key}`)
        const got = await answer
        return got.kind === 'found' ? { kind: 'found', value: [grant] } : got
      },
      close: () => asked.push('closed'),
    },
    clock,
  )
})

const pass = (ms: number) => clock.advance(ms)

describe('the cache of a live source', () => {
  it('queries once while an entry is fresh, and again after', async () => {
    expect(await source.find(KEY)).toEqual({ record, incomplete: null })
    await pass(1000)
    expect(await source.find(KEY)).toEqual({ record, incomplete: null })
    expect(asked).toEqual([KEY])
    await pass(1)
    await source.find(KEY)
    expect(asked.length).toBe(2)
  })

  it('says since when it fails, and answers a probe', async () => {
    expect(await source.probe()).toBeNull()
    answer = down
    await pass(101)
    expect(await source.find('late@example.org')).toMatchObject({ incomplete: 'ldap: down' })
    const since = clock.now()
    await pass(5000)
    expect(await source.probe()).toBe('ldap: down')
    expect([source.failure(), source.failingSince()]).toEqual(['ldap: down', since])
    answer = { kind: 'absent' }
    await source.find('other@example.org')
    expect([source.failure(), source.failingSince()]).toEqual([null, null])
  })

  it('keeps an unknown address for a shorter time', async () => {
    answer = { kind: 'absent' }
    expect(await source.find(KEY)).toEqual({ record: null, incomplete: null })
    await pass(100)
    await source.find(KEY)
    expect(asked.length).toBe(1)
    await pass(1)
    await source.find(KEY)
    expect(asked.length).toBe(2)
  })

  it('queries once for simultaneous look-ups', async () => {
    let settle: (value: Lookup<AddressRecord>) => void = () => undefined
    answer = new Promise((resolve) => {
      settle = resolve
    })
    const all = Promise.all(Array.from({ length: 50 }, async () => await source.find(KEY)))
    settle({ kind: 'found', value: record })
    expect((await all).every((one) => one.record === record)).toBe(true)
    expect(asked.length).toBe(1)
  })

  it('returns the last known entry while the source is unavailable, up to its age', async () => {
    await source.find(KEY)
    answer = down
    await pass(10_000)
    expect(await source.find(KEY)).toEqual({ record, incomplete: 'ldap: down' })
    await pass(1)
    expect(await source.find(KEY)).toEqual({ record: null, incomplete: 'ldap: down' })
  })

  it('never answers unknown while the source is unavailable, not even for unknown addresses', async () => {
    answer = { kind: 'absent' }
    await source.find(KEY)
    answer = down
    await pass(101)
    expect(await source.find(KEY)).toEqual({ record: null, incomplete: 'ldap: down' })
  })

  it('does not cache a failure', async () => {
    answer = down
    await source.find(KEY)
    expect(source.failure()).toBe('ldap: down')
    answer = { kind: 'found', value: record }
    expect(await source.find(KEY)).toEqual({ record, incomplete: null })
    expect(source.failure()).toBeNull()
  })

  it('measures the age of an answer without the wall clock', async () => {
    await source.find(KEY)
    clock.set(clock.now() - 60_000)
    await source.find(KEY)
    expect(asked.length).toBe(1)
    await pass(1001)
    await source.find(KEY)
    expect(asked.length).toBe(2)
  })

  it('answers for users: known, unknown, unavailable', async () => {
    expect(await source.user('kim')).toMatchObject({ kind: 'found' })
    answer = { kind: 'absent' }
    expect(await source.user('lee')).toEqual({ kind: 'absent' })
    answer = down
    expect(await source.user('robin')).toEqual({ kind: 'unavailable', cause: 'ldap: down', wasAbsent: false })
    await pass(2000)
    expect(await source.user('kim')).toMatchObject({ kind: 'found', incomplete: 'ldap: down' })
    expect(await source.user('lee')).toEqual({ kind: 'unavailable', cause: 'ldap: down', wasAbsent: true })
  })

  it('answers unavailable for a recently unknown user once a request failed', async () => {
    answer = { kind: 'absent' }
    expect(await source.user('lee')).toEqual({ kind: 'absent' })
    answer = down
    await source.user('robin')
    expect(await source.user('lee')).toMatchObject({ kind: 'unavailable', wasAbsent: true })
    answer = { kind: 'absent' }
    expect(await source.user('lee')).toEqual({ kind: 'absent' })
  })

  it('caches which aliases name an address, and that there may be others', async () => {
    const kim = { local: 'kim', domain: 'example.org' }
    expect(await source.aliasGrants(kim)).toEqual({ grants: [grant], incomplete: null })
    expect(await source.aliasGrants({ local: 'Kim', domain: 'example.org' })).toEqual({
      grants: [grant],
      incomplete: null,
    })
    expect(asked).toEqual([`grants ${KEY}`])
    answer = down
    await pass(1001)
    expect(await source.aliasGrants(kim)).toEqual({ grants: [grant], incomplete: 'ldap: down' })
    expect(await source.aliasGrants({ local: 'lee', domain: 'example.org' })).toEqual({
      grants: [],
      incomplete: 'ldap: down',
    })
  })

  it('does not query aliases for addresses of other domains', async () => {
    expect(await source.aliasGrants({ local: 'kim', domain: 'else.example' })).toEqual({ grants: [], incomplete: null })
    expect(asked).toEqual([])
  })

  it('may have every address', () => {
    expect(source.mayHave(KEY)).toBe(true)
    source.close()
    expect(asked).toEqual(['closed'])
  })
})

describe('a live source that checks passwords itself', () => {
  const kim = { addresses: [], source: 'uid=kim' }
  const verifying = (verify: NonNullable<LiveSource['verify']>) =>
    cacheSource(
      settings,
      {
        address: async () => down,
        user: async () => down,
        aliasGrants: async () => down,
        close: () => undefined,
        verify,
      },
      clock,
    )

  it('is queried each time', async () => {
    const passwords: string[] = []
    const { verify } = verifying(async (user, password) => {
      passwords.push(`${user.source} ${password}`)
      return password === 'down' ? away : { kind: password === 'good' ? 'match' : 'mismatch' }
    })
    expect(await verify?.(kim, 'good')).toEqual({ kind: 'match' })
    expect(await verify?.(kim, 'bad')).toEqual({ kind: 'mismatch' })
    expect(await verify?.(kim, 'good')).toEqual({ kind: 'match' })
    expect(await verify?.(kim, 'down')).toEqual(down)
    expect(passwords).toEqual(['uid=kim good', 'uid=kim bad', 'uid=kim good', 'uid=kim down'])
  })

  it('is not queried for an unknown user, which takes as long as a check', async () => {
    const { verify } = verifying(async () => {
      await pass(70)
      return { kind: 'mismatch' }
    })
    await verify?.(kim, 'x')
    const answered: string[] = []
    void verify?.(null, 'x').then(({ kind }) => answered.push(kind))
    await clock.advance(69)
    expect(answered).toEqual([])
    await clock.advance(1)
    expect(answered).toEqual(['mismatch'])
  })

  it('does not exist if the source returns hashes', () => {
    expect(source.verify).toBeUndefined()
  })
})
