// The finding for each result of the spam filter: reply, fields, ledger event, and the origins that are scanned.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { SpamAction, SpamFinding, SpamRequest } from '../../filter/spam-scan.ts'
import { parseResults } from '../../message/results-field.ts'
import type { Origin } from '../../smtp/origin.ts'
import { spamCheck } from './spam.ts'
import type { SpamSettings } from './spam.ts'
import type { Trust } from '../trust.ts'
import { readSpamScore } from '../spam-score.ts'

type Scanned = SpamFinding & { kind: 'scanned' }

function scanned(action: SpamAction, change: Partial<Scanned> = {}): Scanned {
  const symbols = [{ name: 'BAYES_SPAM', score: 5.1 }]
  return { kind: 'scanned', action, named: action, score: 7.3, required: 15, symbols, message: null, ...change }
}

const down: SpamFinding = { kind: 'unavailable', cause: 'http://127.0.0.1:11333: connect ECONNREFUSED' }

async function check(
  finding: SpamFinding,
  change: Partial<SpamSettings> = {},
  origin: Origin = { kind: 'internet' },
  trust?: Trust,
) {
  const asked: SpamRequest[] = []
  const scanner = {
    scan: async (request: SpamRequest) => {
      asked.push(request)
      return finding
    },
  }
  const usual = {
    scanner,
    authservId: 'example.org',
    whenDown: 'accept',
    greylists: () => false,
    origins: ['internet'],
  } as const
  const settings = { ...usual, ...change }
  const mail = mailFacts('From: ann@stranger.example', { origin, ...(trust && { trust }) })
  return { ...(await runCheck(spamCheck(settings), 'message', mail)), asked }
}

it('a message for the quarantine is accepted and marked, with the reason of the hold', async () => {
  const { verdict, quarantine, fields, events } = await check(scanned('quarantine'))
  expect(verdict.kind).toBe('accept')
  expect(quarantine).toBe('quarantine: score 7.3 of 15: BAYES_SPAM 5.1')
  expect(String(fields?.add)).toContain('X-Spam-Flag: YES')
  expect(events).toMatchObject([{ check: 'spam', result: 'quarantine' }])
  expect((await check(scanned('add header'))).quarantine).toBeUndefined()
  const allowed = { kind: 'allowed', entry: 'allow at m.yaml:1' } as const
  const found = await check(scanned('quarantine'), {}, { kind: 'internet' }, allowed)
  expect([found.verdict.kind, found.quarantine]).toEqual(['accept', undefined])
})

describe('a message that the own allow list is about', () => {
  const judged = (action: SpamAction, trust: Trust) => check(scanned(action), {}, { kind: 'internet' }, trust)
  const entry = 'allow at m.yaml:1'

  it.each(['reject', 'soft reject'] as const)('is not refused by %s, and is marked if it is spam', async (action) => {
    const { verdict, fields } = await judged(action, { kind: 'allowed', entry })
    expect(verdict.kind).toBe('accept')
    expect(String(fields?.add).includes('X-Spam-Flag: YES')).toBe(action === 'reject')
  })

  it('is deferred by an answer without a meaning', async () => {
    expect((await judged('discard', { kind: 'allowed', entry })).verdict.kind).toBe('defer')
  })

  it('is deferred while a look-up leaves open whether it is allowed, and refused if it is forged', async () => {
    expect((await judged('reject', { kind: 'undecided', entry, cause: 'no answer' })).verdict).toMatchObject({
      kind: 'defer',
      reply: { code: 451, cause: expect.stringContaining('allow at m.yaml:1 may apply: no answer') },
    })
    expect((await judged('reject', { kind: 'unproven', entry, cause: 'forged' })).verdict.kind).toBe('reject')
    expect((await judged('reject', { kind: 'pending', entry })).verdict.kind).toBe('reject')
  })
})

describe('refused', () => {
  it('is what the filter rejects: 554 5.7.1, in its words where it has some', async () => {
    expect((await check(scanned('reject'))).verdict).toEqual({
      kind: 'reject',
      reply: {
        code: 554,
        enhanced: '5.7.1',
        text: 'Spam message rejected',
        cause: 'reject, score 7.3 of 15: BAYES_SPAM 5.1',
      },
    })
    expect((await check(scanned('reject', { message: 'Gtube pattern' }))).verdict).toMatchObject({
      reply: { text: 'Gtube pattern' },
    })
  })

  it('for now is what is to come again: 451 4.7.1', async () => {
    expect((await check(scanned('soft reject'))).verdict).toMatchObject({
      kind: 'defer',
      reply: { code: 451, enhanced: '4.7.1', text: 'Try again later' },
    })
    expect((await check(scanned('soft reject', { message: 'Greylisted' }))).verdict).toMatchObject({
      reply: { text: 'Greylisted' },
    })
  })

  it.each(['discard', 'other'] as const)(
    'for now is what wants %s: nothing is held, dropped or taken in silence',
    async (action) => {
      const { verdict } = await check(scanned(action, { named: 'own word' }))
      expect(verdict).toMatchObject({ kind: 'defer', reply: { code: 451, enhanced: '4.7.1' } })
      expect(verdict).toMatchObject({ reply: { cause: expect.stringContaining('answered "own word"') } })
    },
  )

  it('for now is everything while no filter answers, where that is configured: 451 4.3.0', async () => {
    expect((await check(down, { whenDown: 'defer' })).verdict).toMatchObject({
      kind: 'defer',
      reply: { code: 451, enhanced: '4.3.0', cause: expect.stringContaining('ECONNREFUSED') },
    })
  })

  it('is decided by the greylist check where the node greylists and the greylist module of rspamd would defer', async () => {
    const symbols = [{ name: 'GREYLIST', score: 0 }]
    const greylists = () => true
    const found = await check(scanned('soft reject', { symbols, score: 5 }), { greylists })
    expect(found).toMatchObject({ verdict: { kind: 'accept' }, judged: { action: 'greylist', score: 5 } })
    const marked = await check(scanned('soft reject', { symbols, score: 6 }), { greylists })
    expect(marked.judged).toEqual({ action: 'add header', score: 6 })
    expect((await check(scanned('soft reject'), { greylists })).verdict).toMatchObject({ reply: { code: 451 } })
    expect((await check(scanned('soft reject', { symbols }))).verdict).toMatchObject({ reply: { code: 451 } })
  })

  it('leaves no finding that could be taken for an acceptance', async () => {
    expect(Object.keys(await check(scanned('reject'))).toSorted()).toEqual(['asked', 'verdict'])
  })
})

describe('taken', () => {
  it.each([
    ['no action', 'X-Spam-Status: No, score=7.3 required=15\r\n'],
    ['greylist', 'X-Spam-Status: No, score=7.3 required=15\r\n'],
    ['add header', 'X-Spam-Status: Yes, score=7.3 required=15\r\nX-Spam-Flag: YES\r\n'],
    ['rewrite subject', 'X-Spam-Status: Yes, score=7.3 required=15\r\nX-Spam-Flag: YES\r\n'],
  ] as const)('with fields of ours in place of forged ones: %s', async (action, fields) => {
    const found = await check(scanned(action))
    expect(found.verdict.kind).toBe('accept')
    expect(found.fields?.remove).toEqual(['x-spam-status', 'x-spam-flag'])
    expect(found.fields?.add.toString()).toBe(fields)
    expect(found.events).toEqual([
      {
        kind: 'checked',
        at: 1000,
        queueId: 'Q1',
        check: 'spam',
        result: action.replace(' ', '-'),
        detail: `${action}, score 7.3 of 15: BAYES_SPAM 5.1`,
      },
    ])
  })

  it('with the score for the next node', async () => {
    const { results } = await check(scanned('add header', { score: 9.128, required: null }))
    expect(results).toBe('example.org;\r\n\tx-spam=add-header policy.score=9.13')
  })

  it('unchecked where no filter answers, which ledger and results say, without a forged field', async () => {
    const found = await check(down)
    expect(found.verdict.kind).toBe('accept')
    expect(found.events).toMatchObject([{ result: 'unavailable', detail: expect.stringContaining('ECONNREFUSED') }])
    expect(found.results).toBe('example.org;\r\n\tx-spam=temperror')
    expect(found.fields?.remove).toContain('x-spam-status')
    expect(found.fields?.add).toHaveLength(0)
  })
})

describe('origins that are scanned', () => {
  const proven: readonly Origin[] = [
    { kind: 'peer', role: 'submission', vouched: 'nothing' },
    { kind: 'user', identity: 'lee' },
    { kind: 'machine', identity: 'ci-01' },
    { kind: 'local' },
  ]

  it.each(proven)('not $kind', async (origin) => {
    const found = await check(scanned('reject'), {}, origin)
    expect(found).toEqual({ verdict: { kind: 'accept' }, asked: [] })
  })

  it('users too, with their name, where the settings list them', async () => {
    const { asked, verdict } = await check(scanned('reject'), { origins: ['internet', 'user'] }, proven[1])
    expect(asked).toMatchObject([{ user: 'lee', recipients: ['press@example.org'], sender: 'ann@stranger.example' }])
    expect(verdict.kind).toBe('reject')
  })
})

it('whatever the score, the next node reads what was found', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: -1000, max: 1000, noNaN: true }), async (score) => {
      const { results } = await check(scanned('no action', { score }))
      const parsed = parseResults(results ?? '')
      const read = parsed.kind === 'results' ? readSpamScore(parsed.results) : null
      expect(Math.abs((read as number) - score)).toBeLessThanOrEqual(0.005_001)
    }),
  )
})
