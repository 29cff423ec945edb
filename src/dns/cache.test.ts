import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../lib/clock.ts'
import { createCachedResolver } from './cache.ts'
import type { DnsAnswer, RecordType, RecordTypes, Resolver } from './resolver.ts'

/** A resolver that counts, and a clock that can be set. */
function setUp(answerTo: (name: string, type: RecordType) => DnsAnswer<unknown>, maxOctets?: number) {
  const asked: string[] = []
  let now = 1_000_000
  const clock: Clock = { ...createFakeClock(), monotonic: () => now }
  const inner: Resolver = {
    async resolve<T extends RecordType>(name: string, type: T) {
      asked.push(`${name} ${type}`)
      await Promise.resolve()
      return answerTo(name, type) as DnsAnswer<RecordTypes[T]>
    },
  }
  const resolver = createCachedResolver(inner, maxOctets === undefined ? { clock } : { clock, maxOctets })
  const pass = (seconds: number): void => {
    now += seconds * 1000
  }
  return { resolver, asked, pass }
}

const found = (ttl: number): DnsAnswer<unknown> => ({
  kind: 'found',
  records: ['192.0.2.1'],
  ttl,
  authentic: true,
  name: 'a.example',
})

describe('life of an answer', () => {
  test('lives for its TTL, which counts down', async () => {
    const { resolver, asked, pass } = setUp(() => found(60))
    expect(await resolver.resolve('a.example', 'A')).toMatchObject({ ttl: 60, authentic: true })
    pass(59)
    expect(await resolver.resolve('a.example', 'A')).toMatchObject({ ttl: 1, authentic: true })
    expect(asked).toHaveLength(1)
    pass(1)
    await resolver.resolve('a.example', 'A')
    expect(asked).toHaveLength(2)
  })

  test.each([
    ['a zero TTL lives 5 s', found(0), 5],
    ['an absurd TTL lives a day', found(2 ** 31), 86_400],
    ['an absent name lives for its SOA', { kind: 'absent', nxdomain: true, ttl: 60, authentic: false }, 60],
    ['but 15 minutes at most', { kind: 'absent', nxdomain: false, ttl: 86_400, authentic: false }, 900],
    ['unavailable lives 5 s', { kind: 'unavailable', cause: 'time-out' }, 5],
  ] satisfies [string, DnsAnswer<unknown>, number][])('%s', async (_what, answer, seconds) => {
    const { resolver, asked, pass } = setUp(() => answer)
    await resolver.resolve('a.example', 'A')
    pass(seconds - 1)
    expect(await resolver.resolve('a.example', 'A')).toMatchObject({ kind: answer.kind })
    expect(asked).toHaveLength(1)
    pass(1)
    await resolver.resolve('a.example', 'A')
    expect(asked).toHaveLength(2)
  })

  test('type and spelling: other types are other entries, case and final dot are not', async () => {
    const { resolver, asked } = setUp(() => found(60))
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('A.Example.', 'A')
    await resolver.resolve('a.example', 'AAAA')
    expect(asked).toEqual(['a.example A', 'a.example AAAA'])
  })
})

describe('questions at the same time', () => {
  test('are asked once', async () => {
    const { resolver, asked } = setUp(() => found(60))
    const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('a.example', 'A')))
    expect(asked).toHaveLength(1)
    expect(answers.every((answer) => answer.kind === 'found')).toBe(true)
  })

  test('a resolver that throws is not remembered', async () => {
    let calls = 0
    const { resolver } = setUp(() => {
      if (calls++ === 0) throw new Error('bug')
      return found(60)
    })
    await expect(resolver.resolve('a.example', 'A')).rejects.toThrow('bug')
    expect(await resolver.resolve('a.example', 'A')).toMatchObject({ kind: 'found' })
  })
})

describe('bounded size', () => {
  test('the least recently used goes first', async () => {
    const { resolver, asked } = setUp(() => found(60), 1_000)
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('b.example', 'A')
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('c.example', 'A')
    await resolver.resolve('d.example', 'A')
    asked.length = 0
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('b.example', 'A')
    expect(asked).toEqual(['b.example A'])
  })

  test('an answer larger than the cache is given but not kept', async () => {
    const text = { kind: 'found', records: [[Buffer.alloc(2_000)]], ttl: 60, authentic: false, name: 'a.example' }
    const { resolver, asked } = setUp(() => text as DnsAnswer<unknown>, 1_000)
    expect(await resolver.resolve('a.example', 'TXT')).toMatchObject({ kind: 'found' })
    await resolver.resolve('a.example', 'TXT')
    expect(asked).toHaveLength(2)
  })

  test('records of every shape are weighed', async () => {
    const records = [
      { preference: 1, exchange: 'mx.example' },
      { priority: 0, weight: 0, port: 25, target: 'mx.example' },
      { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32) },
    ]
    const answer = { kind: 'found', records, ttl: 60, authentic: false, name: 'a.example' } as DnsAnswer<unknown>
    const { resolver, asked } = setUp(() => answer)
    await resolver.resolve('a.example', 'MX')
    await resolver.resolve('a.example', 'MX')
    expect(asked).toHaveLength(1)
  })
})
