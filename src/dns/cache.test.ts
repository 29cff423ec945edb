import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { describe, expect, test } from 'vitest'
import type { PoolLimits } from '../budget/pool.ts'
import type { WaitingPools } from '../budget/waiting-places.ts'
import type { Clock } from '../lib/clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createCachedResolver } from './cache.ts'
import type { DnsAnswer, RecordType, RecordTypes, Resolver } from './resolver.ts'

function testPools(clock: Clock, questions: Partial<PoolLimits> = {}): WaitingPools {
  const budgets = createBudgets(clock)
  return { open: budgets.pool('dnsQuestions', questions), waiting: budgets.pool('dnsWaiting') }
}

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
  const pools = testPools(clock)
  const resolver = createCachedResolver(inner, { clock, pools, ...(maxOctets !== undefined && { maxOctets }) })
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
    const { resolver, asked } = setUp(() => found(60), 3_000)
    for (const name of ['a', 'b', 'a', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'])
      await resolver.resolve(`${name}.example`, 'A')
    asked.length = 0
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('b.example', 'A')
    expect(asked).toEqual(['b.example A'])
  })

  test('a flood of names that are asked once leaves answers in the cache that were used again', async () => {
    const { resolver, asked } = setUp(() => found(60), 30_000)
    for (const name of ['a.example', 'b.example', 'a.example', 'b.example']) await resolver.resolve(name, 'A')
    for (let i = 0; i < 5_000; i++) await resolver.resolve(`n${i}.flood${i}.example`, 'TXT')
    asked.length = 0
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('b.example', 'A')
    expect(asked).toEqual([])
  })

  test('the names of one zone keep to their share, even if they are asked twice', async () => {
    const { resolver, asked } = setUp(() => found(60), 30_000)
    const good = Array.from({ length: 80 }, (_, i) => `good${i}.test`)
    for (const name of [...good, ...good]) await resolver.resolve(name, 'A')
    for (let i = 0; i < 2_000; i++) {
      await resolver.resolve(`n${i}.evil.test`, 'A')
      await resolver.resolve(`n${i}.evil.test`, 'A')
    }
    asked.length = 0
    for (const name of good) await resolver.resolve(name, 'A')
    expect(asked).toEqual([])
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

/** A resolver whose questions stay open until a test answers them, or they are aborted. */
function openQuestions(questions: Partial<PoolLimits> = {}) {
  const clock = createFakeClock()
  const asked: {
    readonly name: string
    readonly aborted: () => boolean
    readonly answer: (answer: DnsAnswer<never>) => void
  }[] = []
  const inner: Resolver = {
    resolve: (name, _type, ask) =>
      new Promise((resolve) => {
        asked.push({ name, aborted: () => ask?.signal?.aborted === true, answer: resolve })
        ask?.signal?.addEventListener('abort', () => resolve({ kind: 'unavailable', cause: 'aborted', ours: true }))
      }),
  }
  const pools = testPools(clock, questions)
  return { clock, asked, pools, resolver: createCachedResolver(inner, { clock, pools }) }
}

const absent: DnsAnswer<never> = { kind: 'absent', nxdomain: true, ttl: 60, authentic: false }
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('places of questions', () => {
  test('an aborted question frees its place at once, and is not remembered', async () => {
    const { asked, pools, resolver } = openQuestions()
    const asker = new AbortController()
    const answer = resolver.resolve('a.example', 'A', { purpose: 'internet', signal: asker.signal })
    await settled()
    expect(pools.open.used).toBe(1)
    asker.abort()
    expect(pools.open.used).toBe(0)
    expect(await answer).toMatchObject({ kind: 'unavailable', ours: true })
    expect(asked[0]?.aborted()).toBe(true)
    void resolver.resolve('a.example', 'A', { purpose: 'internet' })
    await settled()
    expect(asked).toHaveLength(2)
  })

  test('a question that another asker shares continues', async () => {
    const { asked, resolver } = openQuestions()
    const [first, second] = [new AbortController(), new AbortController()]
    const answers = [first, second].map(({ signal }) =>
      resolver.resolve('a.example', 'A', { purpose: 'internet', signal }),
    )
    await settled()
    expect(asked).toHaveLength(1)
    first.abort()
    expect(await answers[0]).toMatchObject({ kind: 'unavailable', ours: true })
    expect(asked[0]?.aborted()).toBe(false)
    asked[0]?.answer(absent)
    expect(await answers[1]).toEqual(absent)
  })

  test('strangers who hold all that they can leave places for deliveries', async () => {
    const { asked, resolver } = openQuestions({ capacity: 10, client: 100, network: 100, zone: 100 })
    for (let i = 0; i < 100; i++)
      void resolver.resolve(`n${i}.example`, 'A', { purpose: 'internet', client: '192.0.2.1' })
    await settled()
    expect(asked).toHaveLength(7)
    const delivery = resolver.resolve('good.example', 'MX', { purpose: 'delivery' })
    await settled()
    asked[7]?.answer(absent)
    expect(await delivery).toEqual(absent)
  })

  test('questions of strangers take no place in a zone from deliveries', async () => {
    const { asked, resolver } = openQuestions({ capacity: 10, zone: 2 })
    for (let i = 1; i <= 3; i++)
      void resolver.resolve(`n${i}.a.example`, 'TXT', { purpose: 'internet', client: `192.0.${i}.1` })
    for (let i = 1; i <= 3; i++) void resolver.resolve(`m${i}.a.example`, 'MX', { purpose: 'delivery' })
    await settled()
    expect(asked.map(({ name }) => name)).toEqual(['n1.a.example', 'n2.a.example', 'm1.a.example', 'm2.a.example'])
  })

  test('the same question is asked once also if its askers waited for places', async () => {
    const { asked, resolver } = openQuestions({ capacity: 4, client: 1 })
    void resolver.resolve('other.example', 'A', { purpose: 'internet', client: '192.0.2.1' })
    const early = resolver.resolve('a.example', 'A', { purpose: 'internet', client: '192.0.2.1' })
    const meanwhile = resolver.resolve('a.example', 'A', { purpose: 'internet', client: '192.0.3.1' })
    await settled()
    expect(asked.map(({ name }) => name)).toEqual(['other.example', 'a.example'])
    asked[0]?.answer(absent)
    await settled()
    asked[1]?.answer(absent)
    expect(await Promise.all([early, meanwhile])).toEqual([absent, absent])
    expect(asked).toHaveLength(2)
  })
})

describe('silent zones', () => {
  /** Four questions of strangers that get no answer while they wait. */
  async function silence(set: ReturnType<typeof openQuestions>): Promise<void> {
    const { clock, resolver } = set
    for (let i = 0; i < 4; i++) {
      const asker = new AbortController()
      const answer = resolver.resolve(`n${i}.silent.example`, 'A', { purpose: 'optional', signal: asker.signal })
      await settled()
      await clock.advance(2_000)
      asker.abort()
      await answer
    }
    await settled()
  }

  test('are passed over for a short time, except for deliveries', async () => {
    const set = openQuestions()
    const { asked, clock, resolver } = set
    await silence(set)
    const failed = await resolver.resolve('new.silent.example', 'A', { purpose: 'internet' })
    expect(failed).toMatchObject({ kind: 'unavailable', ours: true, cause: expect.stringContaining('silent.example') })
    expect(asked).toHaveLength(4)
    void resolver.resolve('new.silent.example', 'A', { purpose: 'delivery' })
    void resolver.resolve('other.example', 'A', { purpose: 'internet' })
    await settled()
    expect(asked).toHaveLength(6)
    await clock.advance(15_000)
    void resolver.resolve('later.silent.example', 'A', { purpose: 'internet' })
    await settled()
    expect(asked).toHaveLength(7)
  })

  test('are forgotten with the first answer', async () => {
    const set = openQuestions()
    await silence(set)
    const delivery = set.resolver.resolve('mx.silent.example', 'A', { purpose: 'delivery' })
    await settled()
    set.asked.at(-1)?.answer(absent)
    await delivery
    void set.resolver.resolve('new.silent.example', 'A', { purpose: 'internet' })
    await settled()
    expect(set.asked.at(-1)?.name).toBe('new.silent.example')
  })
})
