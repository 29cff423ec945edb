// Lists behind a DNS server on loopback, and their tests.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { IP6_TEST_POINT, sampleAllowList, sampleList, testPointsOf } from '../../test/lib/sample-dns-list.ts'
import { until } from '../../test/lib/until.ts'
import { createBudgets } from '../budget/budgets.ts'
import { type Authority, startAuthority } from '../demo/authority.ts'
import { createCachedResolver } from '../dns/cache.ts'
import type { Ask, Resolver } from '../dns/resolver.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'
import { systemClock } from '../lib/clock.ts'
import { type AskedLists, createDnsLists } from './ask-lists.ts'
import type { DnsList, Subject } from './dns-lists.ts'

const client = { ip: '198.51.100.7' }
const address = (value: string): Subject => ({ kind: 'address', value })
const domain = (value: string): Subject => ({ kind: 'domain', of: 'sender', value })
const opened: AskedLists[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

describe('lists in a DNS', () => {
  let dns: Authority
  let resolver: Resolver
  beforeEach(async () => {
    dns = await startAuthority(Object.fromEntries([...testPointsOf('bl.example'), ...testPointsOf('wl.example')]))
    const stub = createStubResolver({ ...stubDefaults, servers: [dns], timeoutMs: 100 })
    const budgets = createBudgets(systemClock)
    const pools = { open: budgets.pool('dnsQuestions'), waiting: budgets.pool('dnsWaiting') }
    resolver = createCachedResolver(stub, { clock: systemClock, pools })
  })
  afterEach(() => dns.close())

  async function open(lists: readonly DnsList[], timeoutMs = 2000): Promise<AskedLists> {
    const asked = createDnsLists(lists, timeoutMs, { resolver, clock: systemClock })
    opened.push(asked)
    await asked.test()
    return asked
  }

  it('are asked about an address by its reversed octets, all at once', async () => {
    dns.zone.set('7.100.51.198.bl.example', { A: '127.0.0.2' })
    dns.zone.set('7.100.51.198.wl.example', { A: '127.0.2.2' })
    const lists = await open([sampleList(), sampleAllowList()])
    expect(await lists.ask(address('198.51.100.7'), client)).toMatchObject([
      { list: 'bl', answer: { kind: 'listed', points: 5 } },
      { list: 'wl', answer: { kind: 'listed', points: -3 } },
    ])
    expect(await lists.ask(address('::ffff:198.51.100.7'), client)).toMatchObject([{ answer: { points: 5 } }, {}])
    expect(await lists.ask(address('198.51.100.8'), client)).toMatchObject([
      { answer: { kind: 'not-listed' } },
      { answer: { kind: 'not-listed' } },
    ])
  })

  it('are asked about an IPv6 address by its nibbles', async () => {
    const nibbles = `1${'.0'.repeat(23)}.8.b.d.0.1.0.0.2`
    dns.zone.set(`${nibbles}.bl.example`, { A: '127.0.0.2' })
    const lists = await open([sampleList({ kinds: ['ip4', 'ip6'] })])
    expect(await lists.ask(address('2001:db8::1'), client)).toMatchObject([{ answer: { kind: 'listed' } }])
    expect(dns.count(`${IP6_TEST_POINT}.bl.example`, 'A')).toBe(1)
    expect(await (await open([sampleList()])).ask(address('2001:db8::1'), client)).toEqual([])
  })

  it('are asked about domains: the whole name, or the registered domain above it', async () => {
    dns.zone.set('mail.evil.example.bl.example', { A: '127.0.0.2' })
    dns.zone.set('evil.example.wl.example', { A: '127.0.0.2' })
    const kinds = ['domain'] as const
    const lists = await open([
      sampleList({ kinds }),
      sampleList({ name: 'wl', zone: 'wl.example', kinds, domains: 'registered' }),
    ])
    expect(await lists.ask(domain('mail.evil.example'), client)).toMatchObject([
      { answer: { kind: 'listed', url: 'https://bl.example/?q=mail.evil.example' } },
      { answer: { kind: 'listed', url: 'https://bl.example/?q=evil.example' } },
    ])
    expect(
      await lists.ask(domain(`${'a'.repeat(63)}.${'b'.repeat(63)}.`.repeat(2) + 'x'.repeat(60)), client),
    ).toHaveLength(1)
  })

  it.each([
    ['a CNAME to a hit', { CNAME: 'listed.elsewhere.example' }, 'listed'],
    ['a CNAME to a parked page', { CNAME: 'parked.example' }, 'unavailable'],
    ['a CNAME to itself', { CNAME: '7.100.51.198.bl.example' }, 'unavailable'],
    ['a CNAME to nothing', { CNAME: 'nothing.example' }, 'not-listed'],
    ['several addresses', { A: ['127.0.0.2', '127.0.0.4'] }, 'listed'],
    ['a hit beside an error', { A: ['127.0.0.2', '127.255.255.254'] }, 'unavailable'],
    ['0.0.0.0', { A: '0.0.0.0' }, 'unavailable'],
    ['a truncated answer', { A: ['127.0.0.2', '127.0.0.4'], truncate: true }, 'listed'],
    ['SERVFAIL', { fail: 'SERVFAIL' }, 'unavailable'],
    ['REFUSED', { fail: 'REFUSED' }, 'unavailable'],
    ['silence', { fail: 'TIMEOUT' }, 'unavailable'],
    ['a TXT record only', { TXT: 'listed' }, 'not-listed'],
  ] as const)('answer %s', async (_, entry, result) => {
    dns.zone.set('listed.elsewhere.example', { A: '127.0.0.2' })
    dns.zone.set('parked.example', { A: '192.0.2.80' })
    const lists = await open([sampleList()])
    dns.zone.set('7.100.51.198.bl.example', entry)
    expect(await lists.ask(address('198.51.100.7'), client)).toMatchObject([{ answer: { kind: result } }])
  })

  it('have one deadline, and a slow list hides no other', async () => {
    const slow = sampleList({ name: 'slow', zone: 'slow.example' })
    for (const [name, entry] of testPointsOf('slow.example')) dns.zone.set(name, entry)
    dns.zone.set('7.100.51.198.bl.example', { A: '127.0.0.2' })
    const lists = await open([slow, sampleList()], 50)
    dns.zone.set('7.100.51.198.slow.example', { fail: 'TIMEOUT' })
    expect(await lists.ask(address('198.51.100.7'), client)).toMatchObject([
      { answer: { kind: 'unavailable', cause: 'no answer within 50 ms' } },
      { answer: { kind: 'listed' } },
    ])
  })

  it('are given up when the client leaves', async () => {
    const lists = await open([sampleList()], 60_000)
    dns.zone.set('7.100.51.198.bl.example', { fail: 'TIMEOUT' })
    const left = new AbortController()
    const asked = lists.ask(address('198.51.100.7'), { ...client, signal: left.signal })
    await until(() => dns.count('7.100.51.198.bl.example', 'A') > 0, { what: 'the question' })
    left.abort()
    expect(await asked).toMatchObject([{ answer: { kind: 'unavailable', cause: 'the client has left' } }])
  })

  it('that list every name are not asked', async () => {
    dns.zone.set('1.0.0.127.bl.example', { A: '127.0.0.2' })
    const lists = await open([sampleList()])
    dns.zone.set('7.100.51.198.bl.example', { A: '127.0.0.2' })
    expect(await lists.ask(address('198.51.100.7'), client)).toMatchObject([
      { answer: { kind: 'unavailable', cause: expect.stringContaining('it lists 127.0.0.1') } },
    ])
    expect(dns.count('7.100.51.198.bl.example', 'A')).toBe(0)
  })

  it('use the answers that are kept', async () => {
    dns.zone.set('7.100.51.198.bl.example', { A: '127.0.0.2' })
    const lists = await open([sampleList()])
    for (let i = 0; i < 3; i++) await lists.ask(address('198.51.100.7'), client)
    expect(dns.count('7.100.51.198.bl.example', 'A')).toBe(1)
  })
})

describe('the test of a list', () => {
  let clock: FakeClock
  let zone: Zone
  let asks: { name: string; ask: Ask | undefined }[]
  let changes: (string | null)[]
  beforeEach(() => {
    clock = createFakeClock()
    zone = { '2.0.0.127.bl.example A': ['127.0.0.2'] }
    asks = []
    changes = []
  })

  function open(list = sampleList()): AskedLists {
    const resolver: Resolver = {
      resolve: (name, type, ask) => {
        asks.push({ name, ask })
        return fakeResolver(zone).resolve(name, type)
      },
    }
    const ports = { resolver, clock, changed: (_: object, doubt: string | null) => void changes.push(doubt) }
    const lists = createDnsLists([list], 1000, ports)
    opened.push(lists)
    return lists
  }
  const doubt = (lists: AskedLists) => lists.doubts()[0]?.doubt
  const ask = async (lists: AskedLists) => (await lists.ask(address('198.51.100.7'), client))[0]?.answer

  it('comes before the first question', async () => {
    const lists = open()
    expect(await ask(lists)).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('not been checked') })
    await lists.test()
    expect(await ask(lists)).toEqual({ kind: 'not-listed' })
    expect(changes).toEqual([])
  })

  it('is a question of the node; the others are optional ones of the client', async () => {
    const lists = open()
    await lists.test()
    await ask(lists)
    const purposes = asks.map((one) => [one.ask?.purpose, one.ask?.client])
    expect(purposes).toEqual([
      ['delivery', undefined],
      ['delivery', undefined],
      ['optional', '198.51.100.7'],
    ])
  })

  it.each([
    ['lists nothing', {}, /does not list its test point 127\.0\.0\.2/],
    [
      'lists everything',
      { '2.0.0.127.bl.example A': ['127.0.0.2'], '1.0.0.127.bl.example A': ['127.0.0.2'] },
      /lists 127\.0\.0\.1/,
    ],
    [
      'lists everything with an unknown answer',
      { '2.0.0.127.bl.example A': ['127.0.0.2'], '1.0.0.127.bl.example A': ['127.0.0.9'] },
      /lists 127\.0\.0\.1/,
    ],
    ['was sold', { '2.0.0.127.bl.example A': ['192.0.2.80'], '1.0.0.127.bl.example A': ['192.0.2.80'] }, /not in 127/],
    ['refuses a public resolver', { '2.0.0.127.bl.example A': ['127.255.255.254'] }, /public resolver/],
    ['is dead', { '2.0.0.127.bl.example A': 'unavailable', '1.0.0.127.bl.example A': 'unavailable' }, /SERVFAIL/],
  ] as const)('switches off a list that %s', async (_, records, cause) => {
    zone = records
    const lists = open()
    await lists.test()
    expect(doubt(lists)).toMatch(cause)
    expect(changes).toEqual([expect.stringMatching(cause)])
  })

  it('runs again after a minute, later and later, and switches the list on', async () => {
    const points = { ...zone }
    zone = {}
    const lists = open()
    await lists.test()
    const tests = () => asks.length / 2
    await clock.advance(60_000)
    expect(tests()).toBe(2)
    await clock.advance(60_000)
    expect(tests()).toBe(2)
    await clock.advance(60_000)
    expect(tests()).toBe(3)
    zone = points
    await clock.advance(240_000)
    expect(doubt(lists)).toBeNull()
    expect(changes).toEqual([expect.any(String), null])
  })

  it('runs daily', async () => {
    const lists = open()
    await lists.test()
    zone = {}
    await clock.advance(86_400_000)
    expect(doubt(lists)).toMatch(/test point/)
  })

  it('runs after several failures in a row, not more than once a minute, and alone decides', async () => {
    const lists = open()
    await lists.test()
    zone['7.100.51.198.bl.example A'] = 'unavailable'
    await clock.advance(60_000)
    asks.length = 0
    for (let i = 0; i < 20; i++) await ask(lists)
    await clock.advance(1)
    expect(asks.filter((one) => one.name === '2.0.0.127.bl.example')).toHaveLength(1)
    expect(doubt(lists)).toBeNull()
    zone['2.0.0.127.bl.example A'] = 'unavailable'
    await clock.advance(60_000)
    for (let i = 0; i < 3; i++) await ask(lists)
    await clock.advance(1)
    expect(doubt(lists)).toMatch(/SERVFAIL/)
    asks.length = 0
    expect(await ask(lists)).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('switched off') })
    expect(asks).toEqual([])
  })

  it('of a client that left counts for nothing', async () => {
    const lists = open()
    await lists.test()
    await clock.advance(60_000)
    asks.length = 0
    zone['7.100.51.198.bl.example A'] = 'unavailable'
    for (let i = 0; i < 10; i++) await lists.ask(address('198.51.100.7'), { ...client, signal: AbortSignal.abort() })
    expect(asks.some((one) => one.name === '2.0.0.127.bl.example')).toBe(false)
  })

  it('ends by its own deadline', async () => {
    const silent: Resolver = {
      resolve: (_name, _type, ask) =>
        new Promise((resolve) =>
          ask?.signal?.addEventListener('abort', () => resolve({ kind: 'unavailable', cause: 'aborted' })),
        ),
    }
    const lists = createDnsLists([sampleList()], 1000, { resolver: silent, clock })
    opened.push(lists)
    void lists.test()
    await clock.advance(10_000)
    expect(doubt(lists)).toBe('no answer within 10000 ms')
  })

  it('shows no key', async () => {
    zone = {}
    const lists = open(sampleList({ zone: 'k3y-of-ours.bl.example', key: 'k3y-of-ours' }))
    await lists.test()
    expect(JSON.stringify([lists.doubts(), changes])).not.toContain('k3y-of-ours')
    expect(asks.map((one) => one.name)).toContain('2.0.0.127.k3y-of-ours.bl.example')
  })
})
