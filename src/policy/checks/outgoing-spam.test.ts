import { beforeEach, describe, expect, it } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { SpamFinding, SpamRequest } from '../../filter/spam-scan.ts'
import type { Origin } from '../../smtp/origin.ts'
import { outgoingSpamCheck, type OutgoingSpamSettings } from './outgoing-spam.ts'

const kim: Origin = { kind: 'user', identity: 'kim' }
let asked: SpamRequest[]
let found: SpamFinding

const scanned = (action: string, score: number, message: string | null = null): SpamFinding =>
  ({
    kind: 'scanned',
    action,
    named: action,
    score,
    required: 15,
    message,
    symbols: [{ name: 'BAYES_SPAM', score }],
  }) as SpamFinding

beforeEach(() => {
  ;[asked, found] = [[], scanned('no action', 1)]
})

function send(change: Partial<OutgoingSpamSettings> = {}, origin: Origin = kim) {
  const scanner = {
    scan: async (request: SpamRequest) => {
      asked.push(request)
      return found
    },
  }
  const check = outgoingSpamCheck({ scanner, action: 'hold', from: 10, whenDown: 'accept', ...change })
  return runCheck(check, 'message', mailFacts('Subject: x', { origin }))
}

describe('mail of users and machines', () => {
  it('is judged with the name of the account, for the brake too; it leaves without a field of the filter', async () => {
    const finding = await send()
    expect(asked).toMatchObject([{ user: 'kim' }])
    expect(finding).toEqual({
      verdict: { kind: 'accept' },
      judged: { action: 'no action', score: 1 },
      events: [expect.objectContaining({ kind: 'checked', check: 'spam', result: 'no-action' })],
    })
    await send({}, { kind: 'machine', identity: 'ci-01' })
    expect(asked).toHaveLength(2)
  })

  it('of others is not asked about here', async () => {
    expect(await send({}, { kind: 'internet' })).toEqual({ verdict: { kind: 'accept' } })
    expect(asked).toEqual([])
  })
})

describe.each([
  ['a score from the limit on', scanned('add header', 10)],
  ['an action reject', scanned('reject', 9)],
  ['an action discard, which drops nothing', scanned('discard', 2)],
])('%s', (_, finding) => {
  beforeEach(() => {
    found = finding
  })

  it('holds the message', async () => {
    expect(await send({ action: 'hold' })).toMatchObject({
      verdict: { kind: 'accept' },
      quarantine: expect.stringMatching(/^outgoing spam: .*score [\d.]+ of 15: BAYES_SPAM/),
      judged: {},
    })
  })

  it('refuses it for good, with the reason', async () => {
    const { verdict } = await send({ action: 'refuse' })
    expect(verdict).toMatchObject({
      kind: 'reject',
      reply: {
        code: 550,
        enhanced: '5.7.1',
        text: expect.stringMatching(/^This message looks like spam, score [\d.]+, and is not sent/),
      },
    })
  })

  it('marks it', async () => {
    const { verdict, fields, quarantine } = await send({ action: 'mark' })
    expect([verdict.kind, quarantine]).toEqual(['accept', undefined])
    expect(String(fields?.add)).toMatch(/X-Spam-Status: Yes/)
  })
})

it('below the limit the message is sent as it is, whatever the action', async () => {
  found = scanned('add header', 9.9)
  for (const action of ['hold', 'refuse', 'mark'] as const) {
    const { verdict, quarantine, fields } = await send({ action })
    expect([verdict.kind, quarantine, fields]).toEqual(['accept', undefined, undefined])
  }
})

it('a wait that the filter asks for is temporary', async () => {
  found = scanned('soft reject', 1, 'Rate limit')
  expect(await send()).toMatchObject({ verdict: { reply: { code: 451, text: 'Rate limit' } } })
})

it('a filter that does not answer lets mail pass, or defers it, as configured', async () => {
  found = { kind: 'unavailable', cause: 'no rspamd' } as SpamFinding
  expect(await send()).toMatchObject({ verdict: { kind: 'accept' }, events: [{ result: 'unavailable' }] })
  expect(await send({ whenDown: 'defer' })).toMatchObject({ verdict: { reply: { code: 451, enhanced: '4.3.0' } } })
})
