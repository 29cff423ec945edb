import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { describe, expect, test } from 'vitest'
import type { DnsAnswer, Resolver } from '../dns/resolver.ts'
import { systemClock } from '../lib/clock.ts'
import { startDeadline } from './verification-deadline.ts'
import { type AskingResolver, createMailauthResolver, isOurs } from './mailauth-adapter.ts'
import { readFields } from '../message/header.ts'
import { createMessageResolver, prefetchKeys } from './message-resolver.ts'

function fixed(answer: DnsAnswer<unknown>): Resolver {
  return { resolve: async () => answer as never }
}

const found = (records: unknown[]): Resolver =>
  fixed({ kind: 'found', records, ttl: 1, authentic: false, name: 'a.example' })

describe('our resolver in the shape of node:dns', () => {
  test('gives the records as Node does', async () => {
    expect(await createMailauthResolver(found(['192.0.2.1']))('a.example', 'A')).toEqual(['192.0.2.1'])
    const text = [[Buffer.from('v=spf1 '), Buffer.from('-all')]]
    expect(await createMailauthResolver(found(text))('a.example', 'TXT')).toEqual([['v=spf1 ', '-all']])
    const mx = [{ preference: 10, exchange: 'mx.example' }]
    expect(await createMailauthResolver(found(mx))('a.example', 'MX')).toEqual([
      { priority: 10, exchange: 'mx.example' },
    ])
  })

  test.each([
    ['ENOTFOUND', { kind: 'absent', nxdomain: true, ttl: 1, authentic: false }],
    ['ENODATA', { kind: 'absent', nxdomain: false, ttl: 1, authentic: false }],
    ['ESERVFAIL', { kind: 'unavailable', cause: 'time-out' }],
  ] satisfies [string, DnsAnswer<unknown>][])('fails with %s as Node does', async (code, answer) => {
    await expect(createMailauthResolver(fixed(answer))('a.example', 'TXT')).rejects.toMatchObject({ code })
  })

  test('refuses malformed names and other types', async () => {
    const resolver = createMailauthResolver(found([]))
    await expect(resolver('a..example', 'TXT')).rejects.toMatchObject({ code: 'EBADNAME' })
    await expect(resolver('a.example', 'SOA')).rejects.toMatchObject({ code: 'ENOTIMP' })
  })
})

test.each([
  [true, { kind: 'unavailable', cause: 'no place', ours: true }],
  [false, { kind: 'unavailable', cause: 'SERVFAIL' }],
  [false, { kind: 'absent', nxdomain: true, ttl: 1, authentic: false }],
] satisfies [boolean, DnsAnswer<unknown>][])('the error says whether the fault is ours: %s', async (ours, answer) => {
  const error: unknown = await createMailauthResolver(fixed(answer))('a.example', 'A').catch((one: unknown) => one)
  expect(isOurs(error)).toBe(ours)
})

describe('the DNS as one message sees it', () => {
  const never = (): Promise<string[]> => new Promise(() => {})
  const client = '192.0.2.1'

  test('each question is asked once', async () => {
    let asked = 0
    const deadline = startDeadline(systemClock, 1_000)
    const resolver = createMessageResolver(async () => [`${++asked}`], {
      clock: systemClock,
      deadline,
      limitMs: 1_000,
      client,
    })
    expect(await resolver('a.example', 'A')).toEqual(['1'])
    expect(await resolver('A.EXAMPLE', 'A')).toEqual(['1'])
    expect(await resolver('a.example', 'AAAA')).toEqual(['2'])
    deadline.clear()
  })

  test('a slow look-up fails alone, and after the deadline nothing is asked', async () => {
    const deadline = startDeadline(systemClock, 60)
    const resolver = createMessageResolver(never, { clock: systemClock, deadline, limitMs: 20, client })
    await expect(resolver('a.example', 'A')).rejects.toMatchObject({ code: 'ETIMEOUT' })
    expect(deadline.passed()).toBe(false)
    expect(await deadline.limit(never())).toBeNull()
    expect(deadline.passed()).toBe(true)
    await expect(resolver('b.example', 'A')).rejects.toMatchObject({ code: 'ETIMEOUT' })
  })

  test('says for whom it asks, and the policy of the author has its own purpose', async () => {
    const asked: unknown[] = []
    const deadline = startDeadline(systemClock, 1_000)
    const answer: AskingResolver = async (name, _type, ask) => {
      asked.push([name, ask?.purpose, ask?.client])
      return []
    }
    const resolver = createMessageResolver(answer, { clock: systemClock, deadline, limitMs: 1_000, client })
    await resolver('s._domainkey.a.example', 'TXT')
    await resolver('_DMARC.a.example', 'TXT')
    deadline.clear()
    expect(asked).toEqual([
      ['s._domainkey.a.example', 'internet', client],
      ['_DMARC.a.example', 'people', client],
    ])
  })

  test('a look-up is aborted when it is late, when the verification ends, and when the client has gone', async () => {
    const signals: AbortSignal[] = []
    const pending: AskingResolver = (_name, _type, ask) => {
      signals.push(ask?.signal as AbortSignal)
      return never()
    }
    const closed = new AbortController()
    const clock = createFakeClock()
    const open = () => {
      const deadline = startDeadline(clock, 1_000, closed.signal)
      const resolver = createMessageResolver(pending, { clock, deadline, limitMs: 20, client })
      void resolver('a.example', 'A').catch(() => {})
      return deadline
    }
    open()
    await clock.advance(20)
    open().clear()
    open()
    closed.abort()
    open()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
  })

  test('keys of all signatures are asked for at once', () => {
    const asked: string[] = []
    const header = [
      'DKIM-Signature: v=1; s=one; d=a.example; bh=s=no',
      'dkim-signature :\r\n\td=b.example\r\n\t; h=from:\r\n d=c; s = two ;',
      'X-Other: s=x; d=c.example',
      'DKIM-Signature: v=1; d=no-selector.example',
      `DKIM-Signature: ${'x '.repeat(60_000)}`,
    ].join('\r\n')
    prefetchKeys(readFields(Buffer.from(`${header}\r\n\r\n`)), (name) => {
      asked.push(name)
      return Promise.reject(new Error('no'))
    })
    expect(asked).toEqual(['one._domainkey.a.example', 'two._domainkey.b.example'])
  })
})
