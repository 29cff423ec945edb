import { Readable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { bodyHash, handMadeKey, keyText, signField } from '../../test/lib/hand-made-signature.ts'
import { contentOf } from '../../test/lib/message.ts'
import { type Budgets, createBudgets } from '../budget/budgets.ts'
import { until } from '../../test/lib/until.ts'
import type { Ask, Resolver } from '../dns/resolver.ts'
import { systemClock } from '../lib/clock.ts'
import type { AuthenticationRequest } from './authentication.ts'
import {
  createThreadedAuthenticator,
  estimateMs,
  type ThreadedAuthenticator,
  threadFor,
} from './threaded-authenticator.ts'
import { createAuthenticator } from './verify-message.ts'

const zone: Zone = {
  's._domainkey.example.org TXT': [`v=DKIM1; p=${keyText(handMadeKey.publicKey)}`],
  '_dmarc.example.org TXT': ['v=DMARC1; p=reject'],
  'example.org TXT': ['v=spf1 ip4:192.0.2.1 -all'],
}
const resolver = fakeResolver(zone)
const from = 'From: ann@example.org'
const errors: unknown[] = []
const log = { error: (fields: unknown) => void errors.push(fields) }

let opened: ThreadedAuthenticator | null = null
afterEach(async () => {
  await opened?.close()
  errors.length = 0
})

function open(ports: Partial<Parameters<typeof createThreadedAuthenticator>[0]> = {}): ThreadedAuthenticator {
  const budgets = createBudgets(systemClock)
  opened = createThreadedAuthenticator({ resolver, clock: systemClock, log, budgets, processors: 2, ...ports })
  return opened
}

function request(body: string, more: Partial<AuthenticationRequest> = {}, signatures = 1): AuthenticationRequest {
  const tags = `v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from; bh=${bodyHash(body)}; b=`
  const header = Buffer.from(`${signField(`DKIM-Signature: ${tags}`, [from]).repeat(signatures)}${from}\r\n\r\n`)
  return {
    remoteIp: '192.0.2.1',
    helo: 'mail.example.org',
    sender: 'ann@example.org',
    content: contentOf({ header, body: Buffer.from(body) }),
    authservId: 'mx.example',
    now: Date.UTC(2026, 10, 29),
    ...more,
  }
}

const medium = 'The quick brown fox\r\n'.repeat(10_000)
const large = 'The quick brown fox\r\n'.repeat(50_000)

describe('a message', () => {
  test.each([
    ['a usual one', () => request('Hello\r\n')],
    ['one in a thread', () => request('The quick brown fox\r\n'.repeat(3000), {}, 3)],
    ['one in a thread whose body goes piece by piece', () => request(large)],
    ['one that fails', () => request('Hello\r\n', { remoteIp: '198.51.100.1', sender: 'eve@example.org' }, 0)],
    ['one without a body', () => request('', {}, 0)],
  ])('has the result that it has here: %s', async (_what, made) => {
    const here = await createAuthenticator({ resolver, clock: systemClock }).authenticate(made())
    expect(await open().authenticate(made())).toEqual(here)
    expect(errors).toEqual([])
  })

  test('does not wait for others: many at once', async () => {
    const authenticator = open()
    const found = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        authenticator.authenticate(request([large, medium, 'Hi\r\n'][index % 3] as string)),
      ),
    )
    expect(found.map((one) => one.dmarc.result)).toEqual(found.map(() => 'pass'))
  })

  test('is not read for a signature that is not there', async () => {
    const unread = (): never => {
      throw new Error('read')
    }
    const content = { ...request('', {}, 0).content, openBody: unread, bodySize: 10_000_000 }
    expect((await open().authenticate(request('', { content }, 0))).dkim).toEqual([])
  })
})

test('the questions of a thread are those of the client, and end when it has gone', async () => {
  const asks: (Ask | undefined)[] = []
  const asked = Promise.withResolvers<void>()
  const silent: Resolver = {
    resolve: (_name, _type, ask) => {
      asks.push(ask)
      asked.resolve()
      return new Promise((resolve) => {
        ask?.signal?.addEventListener('abort', () => resolve({ kind: 'unavailable', cause: 'aborted', ours: true }))
      })
    },
  }
  const client = new AbortController()
  const found = open({ resolver: silent }).authenticate(request(medium, { closed: client.signal }))
  await asked.promise
  client.abort()
  expect((await found).dmarc).toMatchObject({ result: 'temperror', undecided: { policy: null, ours: true } })
  await until(() => asks.every((ask) => ask?.signal?.aborted), { what: 'the end of the questions' })
  expect(asks[0]).toMatchObject({ purpose: 'internet', client: '192.0.2.1' })
  expect(errors).toEqual([])
})

describe('a message that the node cannot verify', () => {
  const expectShortage = (found: Awaited<ReturnType<ThreadedAuthenticator['authenticate']>>, shortage: string) => {
    expect(found).toMatchObject({ shortage, spf: { result: 'temperror' }, dmarc: { result: 'temperror' } })
    expect(found.results).toContain(`dmarc=temperror reason="${shortage}"`)
  }

  test('because its client has used up its share is answered with temporary errors, and others are verified', async () => {
    const asked = Promise.withResolvers<void>()
    const slow: Resolver = {
      resolve: () => {
        asked.resolve()
        return new Promise(() => {})
      },
    }
    const budgets = createBudgets(systemClock)
    const small: Budgets = { ...budgets, pool: (name) => budgets.pool(name, { client: 1 }) }
    let answers = slow
    const authenticator = open({ budgets: small, resolver: { resolve: (name, type) => answers.resolve(name, type) } })
    const first = authenticator.authenticate(request(medium))
    expectShortage(await authenticator.authenticate(request(medium)), 'too many messages are being verified')
    await asked.promise
    answers = resolver
    const other = await authenticator.authenticate(request(medium, { remoteIp: '198.51.100.1' }))
    expect(other.dkim).toMatchObject([{ result: 'pass' }])
    expect(budgets.usage().find(({ name }) => name === 'verifications')).toMatchObject({
      used: 1,
      refused: new Map([['client', 1]]),
    })
    await authenticator.close()
    expectShortage(await first, 'the verification was interrupted')
  })

  test.each([
    ['usual', 'Hello\r\n', 30_000],
    ['expensive', medium, 60_000],
  ])('because its thread is stuck is answered, and the next one starts another thread: %s', async (_what, body, ms) => {
    const clock = createFakeClock()
    let stuck = true
    const asked = Promise.withResolvers<void>()
    const sometimes: Resolver = {
      resolve: (name, type) => {
        asked.resolve()
        return stuck ? new Promise(() => {}) : resolver.resolve(name, type)
      },
    }
    const authenticator = open({ clock, resolver: sometimes })
    const first = authenticator.authenticate(request(body))
    await asked.promise
    await clock.advance(ms)
    expectShortage(await first, 'the verification was interrupted')
    stuck = false
    expect((await authenticator.authenticate(request(body))).dkim).toMatchObject([{ result: 'pass' }])
  })

  test('because its body cannot be read is answered', async () => {
    const broken = () => new Readable({ read: (): never => fail('disk') })
    const fail = (text: string): never => {
      throw new Error(text)
    }
    for (const bodySize of [60_000, 200_000]) {
      const content = { ...request(medium, {}, 3).content, openBody: broken, bodySize }
      expectShortage(await open().authenticate(request('', { content })), 'the verification was interrupted')
      await opened?.close()
    }
    expect(errors).toHaveLength(1)
  })
})

describe('the allowance of long verifications', () => {
  const taken: [string, number][] = []
  function openWithAllowance(isFree: boolean) {
    taken.length = 0
    const budgets = createBudgets(systemClock)
    const take = (key: string, units = 1) => taken.push([key, units]) > 0 && isFree
    const rate = { ...budgets.rate('longVerifications'), take }
    return open({ budgets: { ...budgets, rate: () => rate } })
  }

  test('is not used up by usual messages', async () => {
    await openWithAllowance(true).authenticate(request('Hi\r\n'))
    expect(taken).toEqual([])
  })

  test('is used up by a large header section, also without a signature', async () => {
    const header = Buffer.from(`From: ${'a: '.repeat(30_000)}\r\n\r\n`)
    await openWithAllowance(true).authenticate(request('', { content: contentOf({ header, body: Buffer.from('x') }) }))
    expect(taken).toEqual([['192.0.2.1', 5]])
  })

  test('is used up by the work of messages that take long; then they are verified all the same', async () => {
    const authenticator = openWithAllowance(false)
    const text = 'The quick brown fox\r\n'.repeat(5_000)
    const found = await authenticator.authenticate(request(text, { remoteIp: '2001:db8::1' }, 4))
    expect(found.dkim.map((one) => one.result)).toEqual(['pass', 'pass', 'pass', 'pass'])
    expect(taken).toEqual([['2001:db8:0:0::/64', 14]])
  })

  test('is estimated by signatures, header and body', () => {
    const content = (header: string, bodySize: number) => ({
      ...contentOf({ header: Buffer.from(header), body: Buffer.alloc(0) }),
      bodySize,
    })
    expect(estimateMs(content('From: a\r\n', 10_000_000))).toBeLessThan(0.1)
    const one = estimateMs(content('DKIM-Signature: x\r\n', 102_400))
    expect(one).toBeCloseTo(3, 1)
    const three = 'DKIM-Signature: x\r\nARC-Seal : x\r\narc-message-signature: x\r\nX: DKIM-Signature: y\r\n'
    expect(estimateMs(content(three, 102_400))).toBeGreaterThan(3 * one - 0.1)
  })
})

test('strangers of five networks do not use up the verifications of others', async () => {
  const never: Resolver = { resolve: () => new Promise(() => {}) }
  const authenticator = open({ resolver: never, clock: createFakeClock() })
  let refused = 0
  const send = (remoteIp: string) => {
    void authenticator.authenticate(request('Hello\r\n', { remoteIp })).then(({ shortage }) => shortage && refused++)
  }
  for (let turn = 0; turn < 50; turn++)
    for (let site = 0; site < 5; site++) for (const host of [1, 2]) send(`198.51.${site}.${host}`)
  await new Promise((resolve) => setImmediate(resolve))
  const before = refused
  expect(before).toBeGreaterThan(0)
  for (let turn = 0; turn < 10; turn++) send('203.0.113.1')
  await new Promise((resolve) => setImmediate(resolve))
  expect(refused).toBe(before)
})

test('the threads of usual messages are not those of expensive ones, and stay if one of those is lost', async () => {
  const clock = createFakeClock()
  const isExpensive = (name: string) => name === 'slow.example'
  const half: Resolver = {
    resolve: (name, type) => (isExpensive(name) ? new Promise(() => {}) : resolver.resolve(name, type)),
  }
  const authenticator = open({ clock, resolver: half, processors: 4 })
  const expensive = authenticator.authenticate(request(medium, { sender: 'eve@slow.example' }))
  const usual = await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate(request('Hello\r\n'))))
  expect(usual.map(({ dmarc }) => dmarc.result)).toEqual(usual.map(() => 'pass'))
  await clock.advance(60_000)
  expect((await expensive).shortage).toBe('the verification was interrupted')
  expect((await authenticator.authenticate(request('Hello\r\n'))).dmarc.result).toBe('pass')
  expect(errors).toEqual([])
})

describe('the thread for a usual message', () => {
  const thread = (load: number, isReady: boolean) => ({ load, isReady, prepare: vi.fn<() => void>() })

  test('is the first one while none is ready, and the one with less work then', () => {
    const [first, second] = [thread(1, false), thread(0, false)]
    expect(threadFor([first, second])).toBe(first)
    expect(threadFor([{ ...first, isReady: true }, second])).toMatchObject({ load: 1 })
    const [busy, free] = [thread(3, true), thread(2, true)]
    expect(threadFor([busy, free])).toBe(free)
    for (const one of [first, second, busy, free]) expect(one.prepare).not.toHaveBeenCalled()
  })

  test('gets a second one beside it when it has eight messages', () => {
    const [first, second] = [thread(8, true), thread(0, false)]
    expect(threadFor([first, second])).toBe(first)
    expect(second.prepare).toHaveBeenCalledTimes(1)
  })
})

test('a message that comes while an idle thread ends gets another thread', async () => {
  const clock = createFakeClock()
  const authenticator = open({ clock })
  const expensive = () => request('The quick brown fox\r\n'.repeat(3000), {}, 3)
  expect((await authenticator.authenticate(expensive())).shortage).toBeUndefined()
  await clock.advance(300_000)
  expect((await authenticator.authenticate(expensive())).shortage).toBeUndefined()
})
