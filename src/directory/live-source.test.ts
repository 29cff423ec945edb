import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import type { AddressRecord } from './directory.ts'
import { cacheSource } from './live-source.ts'
import type { CachedSource, LiveAnswer } from './live-source.ts'

const settings = { name: 'ldap', domains: new Set(['example.org']), foundMs: 1000, absentMs: 100, keepMs: 10_000 }
const record: AddressRecord = { user: { name: 'kim', source: 'uid=kim' } }
const down: LiveAnswer<AddressRecord> = { kind: 'unavailable', cause: 'ldap: down' }
const KEY = 'kim@example.org'

let clock: FakeClock
let answer: LiveAnswer<AddressRecord> | Promise<LiveAnswer<AddressRecord>>
let asked: string[]
let source: CachedSource

beforeEach(() => {
  clock = createFakeClock()
  answer = { kind: 'known', value: record }
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
        return got.kind === 'unavailable'
          ? got
          : { kind: 'known', value: got.value && { addresses: [], source: 'uid=kim' } }
      },
      close: () => asked.push('closed'),
    },
    clock,
  )
})

const pass = (ms: number) => clock.set(clock.now() + ms)

describe('the memory before a live source', () => {
  it('asks once while an answer is fresh, and again after', async () => {
    expect(await source.find(KEY)).toEqual({ record, doubt: null })
    pass(1000)
    expect(await source.find(KEY)).toEqual({ record, doubt: null })
    expect(asked).toEqual([KEY])
    pass(1)
    await source.find(KEY)
    expect(asked.length).toBe(2)
  })

  it('remembers that an address is unknown for a shorter time', async () => {
    answer = { kind: 'known', value: null }
    expect(await source.find(KEY)).toEqual({ record: null, doubt: null })
    pass(100)
    await source.find(KEY)
    expect(asked.length).toBe(1)
    pass(1)
    await source.find(KEY)
    expect(asked.length).toBe(2)
  })

  it('asks once for many who want to know at the same time', async () => {
    let settle: (value: LiveAnswer<AddressRecord>) => void = () => undefined
    answer = new Promise((resolve) => {
      settle = resolve
    })
    const all = Promise.all(Array.from({ length: 50 }, async () => await source.find(KEY)))
    settle({ kind: 'known', value: record })
    expect((await all).every((one) => one.record === record)).toBe(true)
    expect(asked.length).toBe(1)
  })

  it('gives the last known answer while the source is away, up to its age', async () => {
    await source.find(KEY)
    answer = down
    pass(10_000)
    expect(await source.find(KEY)).toEqual({ record, doubt: 'ldap: down' })
    pass(1)
    expect(await source.find(KEY)).toEqual({ record: null, doubt: 'ldap: down' })
  })

  it('never says unknown while the source is away, not even of what was unknown', async () => {
    answer = { kind: 'known', value: null }
    await source.find(KEY)
    answer = down
    pass(101)
    expect(await source.find(KEY)).toEqual({ record: null, doubt: 'ldap: down' })
  })

  it('does not remember a failure', async () => {
    answer = down
    await source.find(KEY)
    expect(source.trouble()).toBe('ldap: down')
    answer = { kind: 'known', value: record }
    expect(await source.find(KEY)).toEqual({ record, doubt: null })
    expect(source.trouble()).toBeNull()
  })

  it('does not trust answers of the future after the clock was set back', async () => {
    await source.find(KEY)
    pass(-60_000)
    await source.find(KEY)
    expect(asked.length).toBe(2)
  })

  it('answers about users: known, unknown, unavailable', async () => {
    expect(await source.user('kim')).toMatchObject({ kind: 'found' })
    answer = { kind: 'known', value: null }
    expect(await source.user('lee')).toEqual({ kind: 'absent' })
    answer = down
    expect(await source.user('robin')).toEqual({ kind: 'unavailable', cause: 'ldap: down' })
    pass(2000)
    expect(await source.user('kim')).toMatchObject({ kind: 'found' })
  })

  it('may know every address, and cannot tell which aliases name one', () => {
    expect(source.mayKnow(KEY)).toBe(true)
    expect(source.naming({ local: 'kim', domain: 'example.org' })).toEqual([])
    source.close()
    expect(asked).toEqual(['closed'])
  })
})
