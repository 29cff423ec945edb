// The contract of checks: order, merging, deadlines, exceptions. Two sample checks use nothing but the contract: a new check needs no more.

import { beforeEach, describe, expect, test } from 'vitest'
import {
  allActive,
  mailFacts,
  recipientFacts,
  sampleSession,
  senderFacts,
  sessionFacts,
} from '../../test/lib/check-facts.ts'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'
import { isAuthenticated } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Check, Deadline, Finding } from './check.ts'
import { createChecks } from './run-checks.ts'
import { accept, refuse } from './verdict.ts'

let clock: FakeClock
let bugs: { error: unknown; context: string }[]

beforeEach(() => {
  clock = createFakeClock()
  bugs = []
})

const log = { bug: (error: unknown, context: string) => void bugs.push({ error, context }) }
const runnerOf = (...checks: Check[]) => createChecks(checks, { clock, log, ...allActive })
const no = refusal(550, '5.7.1', 'No')
const refuses = (name: string): Check => ({ name, message: () => ({ verdict: refuse(no) }) })
const finds = (name: string, finding: Partial<Finding>): Check => ({
  name,
  message: async () => ({ verdict: accept, ...finding }),
})

describe('a stage', () => {
  test('without checks passes and changes nothing', async () => {
    const origin = { kind: 'internet' } as const
    expect(await runnerOf().run('helo', sessionFacts(sampleSession({ origin })))).toEqual({
      kind: 'passed',
      origin,
      remoteName: null,
      resolution: null,
      senderProven: false,
      results: null,
      fields: [],
      evidence: [],
      events: [],
      tested: [],
      quarantine: null,
      times: [],
      trust: null,
    })
  })

  test('shows each check what those before it noticed', async () => {
    const one = (name: string) => ({ name, points: 1, detail: '' })
    const seen: string[][] = []
    const notices = (name: string): Check => ({
      name,
      message: ({ evidence }) => {
        seen.push(evidence.map((found) => found.name))
        return { verdict: accept, evidence: [one(name)] }
      },
    })
    const mail = mailFacts('From: ann@stranger.example', { evidence: [one('EARLIER')] })
    const outcome = await runnerOf(notices('A'), notices('B')).run('message', mail)
    expect(seen).toEqual([['EARLIER'], ['EARLIER', 'A']])
    expect(outcome).toMatchObject({ evidence: [one('A'), one('B')] })
  })

  test('runs checks in order and ends at the first refusal', async () => {
    const ran: string[] = []
    const records = (name: string): Check => ({ name, message: () => (ran.push(name), { verdict: accept }) })
    const outcome = await runnerOf(records('a'), refuses('b'), records('c')).run(
      'message',
      mailFacts('From: x@y.example'),
    )
    expect(outcome).toEqual({ kind: 'refused', reply: no, check: 'b', tested: [], ms: 0 })
    expect(ran).toEqual(['a'])
  })

  test('merges the findings', async () => {
    const event = { kind: 'checked', at: 1, queueId: 'Q1', check: 'c', result: 'pass', detail: '' } as const
    const edit = { remove: ['x-a'], add: Buffer.from('X-A: 1\r\n') }
    const outcome = await runnerOf(
      finds('a', { results: 'example.org;\r\n\tspf=pass', events: [event], fields: edit }),
      finds('b', { results: 'example.org;\r\n\tx-spam=no-action', senderProven: true, events: [event] }),
      finds('c', { senderProven: false }),
    ).run('message', mailFacts('From: x@y.example'))
    expect(outcome).toMatchObject({
      senderProven: true,
      results: 'example.org;\r\n\tspf=pass;\r\n\tx-spam=no-action',
      fields: [edit],
      events: [event, event],
    })
  })

  test('gives later checks the origin that earlier ones found', async () => {
    const origin = { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' } as const
    let seen: unknown = null
    const looks: Check = { name: 'looks', message: (mail) => ((seen = mail.origin), { verdict: accept }) }
    const outcome = await runnerOf(finds('a', { origin }), looks).run('message', mailFacts('From: x@y.example'))
    expect(seen).toEqual(origin)
    expect(outcome).toMatchObject({ origin })
  })

  test.each([
    [{ kind: 'user', identity: 'lee' }, true],
    [{ kind: 'machine', identity: 'web-01' }, true],
    [{ kind: 'local' }, true],
    [{ kind: 'internet' }, false],
  ] as const)('counts the sender of %j as proven: %s', async (origin, senderProven) => {
    expect(await runnerOf().run('message', mailFacts('From: x@y.example', { origin }))).toMatchObject({ senderProven })
  })

  test('reports each refusal to every check that counts them', async () => {
    const counted: string[] = []
    const counts: Check = {
      name: 'counts',
      refused: { message: (mail, reply) => void counted.push(`${mail.queueId} ${reply.code}`) },
    }
    await runnerOf(refuses('a'), counts).run('message', mailFacts('From: x@y.example'))
    expect(counted).toEqual(['Q1 550'])
  })
})

describe('the time of a check', () => {
  const waits = (name: string, ms: number): Check => ({
    name,
    mail: () => clock.sleep(ms).then(() => ({ verdict: accept })),
  })
  const took: string[] = []
  const meter = {
    refused: () => undefined,
    took: (check: string, stage: string, ms: number) => void took.push(`${check} ${stage} ${ms}`),
  }
  const timed = (...checks: Check[]) => createChecks(checks, { clock, log, ...allActive, meter })

  test('is its own and not that of the one before it; below a millisecond it is not noted', async () => {
    took.length = 0
    const fast: Check = { name: 'fast', mail: () => ({ verdict: accept }) }
    const soon: Check = { name: 'soon', mail: async () => ({ verdict: accept }) }
    const run = timed(waits('first', 40), fast, soon, waits('last', 7)).run('mail', senderFacts())
    await clock.advance(40)
    await clock.advance(7)
    expect(await run).toMatchObject({
      times: [
        { check: 'first', ms: 40 },
        { check: 'last', ms: 7 },
      ],
    })
    expect(took).toEqual(['first mail 40', 'last mail 7'])
  })

  test('is known of a refusal, also of one for a passed deadline', async () => {
    const slow: Check = { ...waits('slow', 9000), deadline: { ms: 5000, expired: 'defer' } }
    const run = timed(slow).run('mail', senderFacts())
    await clock.advance(5000)
    expect(await run).toMatchObject({ kind: 'refused', check: 'slow', ms: 5000 })
  })
})

describe('a check that fails', () => {
  const fails = (error: unknown): Check => ({
    name: 'fails',
    helo: () => {
      throw error
    },
    mail: () => Promise.reject(error),
  })

  test('refuses with 451 4.3.0 and is a logged bug', async () => {
    const error = new TypeError('x is undefined')
    for (const run of [
      runnerOf(fails(error)).run('helo', sessionFacts()),
      runnerOf(fails(error)).run('mail', senderFacts()),
    ])
      expect(await run).toMatchObject({ kind: 'refused', reply: { code: 451, enhanced: '4.3.0' } })
    expect(bugs).toEqual([
      { error, context: 'check fails at helo' },
      { error, context: 'check fails at mail' },
    ])
  })

  test('with a storage error refuses as the storage check does, and is no bug', async () => {
    const outcome = await runnerOf(fails(new QueueUnavailable('full', 'disk full'))).run('mail', senderFacts())
    expect(outcome).toMatchObject({ kind: 'refused', reply: { code: 452, enhanced: '4.3.1' } })
    expect(bugs).toEqual([])
  })
})

describe('a check that does not finish', () => {
  const hangs = (deadline?: Deadline): Check => ({
    name: 'hangs',
    mail: () => new Promise<never>(() => {}),
    ...(deadline ? { deadline } : {}),
  })

  test('defers at its deadline', async () => {
    const run = runnerOf(hangs({ ms: 5000, expired: 'defer' })).run('mail', senderFacts())
    await clock.advance(5000)
    expect(await run).toMatchObject({
      kind: 'refused',
      reply: { code: 451, enhanced: '4.3.0', cause: 'check hangs did not finish within 5000 ms' },
    })
    expect(bugs).toEqual([])
  })

  test('counts as no finding where its answer is only advice', async () => {
    const run = runnerOf(hangs({ ms: 5000, expired: 'pass' })).run('mail', senderFacts())
    await clock.advance(5000)
    expect((await run).kind).toBe('passed')
  })

  test('defers without a deadline too, before the client gives up', async () => {
    const run = runnerOf(hangs()).run('mail', senderFacts())
    await clock.advance(5 * 60_000 - 1)
    expect((await run).kind).toBe('refused')
  })

  test('leaves no timer when it finishes in time', async () => {
    await runnerOf(finds('a', {})).run('message', mailFacts('From: x@y.example'))
    expect(clock.sleeping).toBe(0)
  })
})

/** A sample: looks the client up in a DNS list at connect and refuses its recipients. Without an answer the client is not listed. */
function dnsListCheck(resolver: Resolver, zone: string): Check {
  const listed = new WeakSet<object>()
  return {
    name: 'dns-list',
    deadline: { ms: 2000, expired: 'pass' },
    connect: async ({ session }) => {
      const name = `${session.remoteIp.split('.').toReversed().join('.')}.${zone}`
      if ((await resolver.resolve(name, 'A')).kind === 'found') listed.add(session)
      return { verdict: accept }
    },
    rcpt: ({ session, origin }) => {
      if (origin.kind !== 'internet' || !listed.has(session)) return { verdict: accept }
      return { verdict: refuse(refusal(554, '5.7.1', `Client host is listed by ${zone}`)) }
    },
  }
}

describe('a DNS list as a sample check', () => {
  const resolver = fakeResolver({ '7.100.51.198.list.example A': ['127.0.0.2'] })
  const rcptOf = async (check: Check, remoteIp: string) => {
    const session = sampleSession({ remoteIp })
    const checks = runnerOf(check)
    const connected = checks.run('connect', sessionFacts(session))
    await clock.advance(2000)
    expect((await connected).kind).toBe('passed')
    return (await checks.run('rcpt', recipientFacts({ session }))).kind
  }

  test('refuses the recipients of a listed client only', async () => {
    expect(await rcptOf(dnsListCheck(resolver, 'list.example'), '198.51.100.7')).toBe('refused')
    expect(await rcptOf(dnsListCheck(resolver, 'list.example'), '198.51.100.8')).toBe('passed')
  })

  test('lets clients pass while the list does not answer', async () => {
    const silent = { resolve: () => new Promise<never>(() => {}) } as unknown as Resolver
    expect(await rcptOf(dnsListCheck(silent, 'list.example'), '198.51.100.7')).toBe('passed')
  })
})

/** A sample: limits recipients and messages of an account per hour. */
function accountLimitCheck(limits: { readonly recipients: number; readonly messages: number }, time: Clock): Check {
  const hourMs = 3_600_000
  const accounts = new Map<string, { since: number; recipients: number; messages: number }>()
  const usageOf = (identity: string) => {
    const known = accounts.get(identity)
    if (known && time.monotonic() - known.since < hourMs) return known
    const usage = { since: time.monotonic(), recipients: 0, messages: 0 }
    accounts.set(identity, usage)
    return usage
  }
  const tooMany = { verdict: refuse(refusal(450, '4.7.1', 'Too much mail from this account, please try again later')) }
  return {
    name: 'account-limit',
    mail: ({ origin }) => {
      if (!isAuthenticated(origin)) return { verdict: accept }
      return usageOf(origin.identity).messages < limits.messages ? { verdict: accept } : tooMany
    },
    rcpt: ({ origin }) => {
      if (!isAuthenticated(origin)) return { verdict: accept }
      return ++usageOf(origin.identity).recipients <= limits.recipients ? { verdict: accept } : tooMany
    },
    message: ({ origin, queueId, at }) => {
      if (!isAuthenticated(origin)) return { verdict: accept }
      const { recipients } = usageOf(origin.identity)
      usageOf(origin.identity).messages++
      const detail = `${recipients} of ${limits.recipients} recipients this hour`
      return {
        verdict: accept,
        events: [{ kind: 'checked', at, queueId, check: 'account-limit', result: 'pass', detail }],
      }
    },
  }
}

describe('an account limit as a sample check', () => {
  const origin = { kind: 'user', identity: 'lee' } as const

  test('counts over the stages of all transactions and starts again after an hour', async () => {
    const checks = runnerOf(accountLimitCheck({ recipients: 2, messages: 1 }, clock))
    const mail = async () => (await checks.run('mail', senderFacts({ origin }))).kind
    const rcpt = async () => (await checks.run('rcpt', recipientFacts({ origin }))).kind
    expect([await mail(), await rcpt(), await rcpt(), await rcpt()]).toEqual(['passed', 'passed', 'passed', 'refused'])
    expect(await checks.run('message', mailFacts('From: lee@example.org', { origin }))).toMatchObject({
      events: [{ check: 'account-limit', detail: '3 of 2 recipients this hour' }],
    })
    expect(await mail()).toBe('refused')
    await clock.advance(3_600_000)
    expect(await mail()).toBe('passed')
  })

  test('does not limit other origins', async () => {
    const checks = runnerOf(accountLimitCheck({ recipients: 0, messages: 0 }, clock))
    expect((await checks.run('mail', senderFacts())).kind).toBe('passed')
    expect((await checks.run('rcpt', recipientFacts())).kind).toBe('passed')
  })
})
