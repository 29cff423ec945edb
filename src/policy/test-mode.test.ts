// Test mode: the checks that are in it change no outcome of any stage, whatever they find and however they fail.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mailFacts, recipientFacts, senderFacts, sessionFacts } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { refusal } from '../smtp/reply.ts'
import type { CheckRefusal } from './check-meter.ts'
import type { Check, Finding, Stage, StageFacts } from './check.ts'
import { createChecks } from './run-checks.ts'
import type { TestedChecks } from './test-mode.ts'
import { accept, refuse, refuseByChoice } from './verdict.ts'

const no = refusal(550, '5.7.1', 'No')
const later = refusal(451, '4.7.1', 'Later')

function runner(checks: readonly Check[], tested: TestedChecks) {
  const clock = createFakeClock()
  const refusals: CheckRefusal[] = []
  const meter = { refused: (one: CheckRefusal) => void refusals.push(one), took: () => undefined }
  const bugs: unknown[] = []
  const log = { bug: (error: unknown) => void bugs.push(error) }
  return { clock, refusals, bugs, checks: createChecks(checks, { clock, log, tested: { value: tested }, meter }) }
}

const whole: TestedChecks = new Map([['tried', 'whole']])
const marked: TestedChecks = new Map([['tried', 'marked']])

describe('a check in test mode', () => {
  const evidence = [{ name: 'SPAM', points: 9, detail: '' }]
  const event = { kind: 'checked', at: 1, queueId: 'Q1', check: 'tried', result: 'spam', detail: '' } as const
  const finding: Finding = {
    verdict: accept,
    results: 'example.org;\r\n\tx-spam=reject',
    fields: { remove: ['subject'], add: Buffer.from('X-Spam: Yes\r\n') },
    evidence,
    senderProven: true,
    events: [event],
  }

  test('refuses nothing, and what it would have refused is noted and counted', async () => {
    const tried: Check = { name: 'tried', message: () => ({ verdict: refuse(no) }) }
    const { checks, refusals } = runner([tried], whole)
    const outcome = await checks.run('message', mailFacts('From: a@b.example'))
    expect(outcome).toMatchObject({ kind: 'passed', tested: [{ check: 'tried', reply: no }] })
    expect(refusals).toEqual([{ check: 'tried', stage: 'message', verdict: 'reject', mode: 'test' }])
  })

  test('adds its events to the message and nothing else', async () => {
    const seen: unknown[] = []
    const tried: Check = { name: 'tried', message: () => finding }
    const looks: Check = { name: 'looks', message: (mail) => (seen.push(mail.evidence), { verdict: accept }) }
    const outcome = await runner([tried, looks], whole).checks.run('message', mailFacts('From: a@b.example'))
    expect(outcome).toMatchObject({ results: null, fields: [], evidence: [], senderProven: false, events: [event] })
    expect(seen).toEqual([[]])
  })

  test('of which only marked refusals are tested keeps its findings, and refuses the rest', async () => {
    const tried = (verdict: Finding['verdict']): Check => ({ name: 'tried', message: () => ({ ...finding, verdict }) })
    const run = (verdict: Finding['verdict']) =>
      runner([tried(verdict)], marked).checks.run('message', mailFacts('From: a@b.example'))
    expect(await run(refuseByChoice(no))).toMatchObject({
      kind: 'passed',
      evidence,
      results: finding.results,
      tested: [{ check: 'tried', reply: no }],
    })
    expect(await run(refuse(no))).toEqual({ kind: 'refused', reply: no, check: 'tried', tested: [], ms: 0 })
  })

  test('that protects still defers when it fails or does not finish', async () => {
    const fails: Check = { name: 'tried', mail: () => Promise.reject(new Error('broken')) }
    expect(await runner([fails], marked).checks.run('mail', senderFacts())).toMatchObject({ kind: 'refused' })
    const hangs: Check = { name: 'tried', mail: () => new Promise<never>(() => {}) }
    const { checks, clock } = runner([hangs], marked)
    const outcome = checks.run('mail', senderFacts())
    await clock.advance(300_000)
    expect(await outcome).toMatchObject({ kind: 'refused', reply: { code: 451 } })
  })

  test('is noted also if another check refuses afterwards', async () => {
    const tried: Check = { name: 'tried', rcpt: () => ({ verdict: refuse(later) }) }
    const acts: Check = { name: 'acts', rcpt: () => ({ verdict: refuse(no) }) }
    expect(await runner([tried, acts], whole).checks.run('rcpt', recipientFacts())).toEqual({
      kind: 'refused',
      reply: no,
      check: 'acts',
      tested: [{ check: 'tried', reply: later }],
      ms: 0,
    })
  })
})

describe('the own allow list', () => {
  const pending = { kind: 'pending', entry: 'an entry' } as const
  const allowed = { kind: 'allowed', entry: 'an entry' } as const
  const holds: Check = { name: 'tried', message: () => ({ verdict: accept, trust: pending, unlessAllowed: no }) }
  const run = (tested: TestedChecks, ...checks: readonly Check[]) =>
    runner(checks, tested).checks.run('message', mailFacts('From: a@b.example'))

  test('of a check in test mode is a fact for its own later part, and for no other check', async () => {
    const seen: unknown[] = []
    const looks = (name: string): Check => ({
      name,
      message: ({ trust, unlessAllowed }) => (seen.push([name, trust, unlessAllowed]), { verdict: accept }),
    })
    await run(whole, holds, looks('other'), looks('tried'))
    expect(seen).toEqual([
      ['other', undefined, undefined],
      ['tried', pending, no],
    ])
  })

  test.each([
    ['proves that the message is allowed', { verdict: accept, trust: allowed }, []],
    ['refuses it', { verdict: refuse(later) }, [{ check: 'tried', reply: later }]],
    ['says nothing more', { verdict: accept }, [{ check: 'tried', reply: no }]],
  ] as const)('whose later part %s', async (_, finding, tested) => {
    const outcome = await run(whole, holds, { name: 'tried', message: () => finding })
    expect(outcome).toMatchObject({ kind: 'passed', tested })
  })

  test('that acts decides what a check in test mode would have refused', async () => {
    const tries: Check = { name: 'tried', message: () => ({ verdict: accept, unlessAllowed: no }) }
    const says = (trust: typeof pending | typeof allowed): Check => ({
      name: 'own-lists',
      message: ({ unlessAllowed }) => ({ verdict: unlessAllowed ? refuse(later) : accept, trust }),
    })
    expect(await run(whole, tries, says(allowed))).toMatchObject({ kind: 'passed', tested: [] })
    expect(await run(whole, tries, says(pending))).toMatchObject({ tested: [{ check: 'tried', reply: no }] })
  })
})

/** What a check does at a stage: anything the contract allows, and everything that is a bug. */
const behaviour = fc.record({
  how: fc.constantFrom('returns', 'resolves', 'throws', 'rejects', 'hangs'),
  finding: fc.record(
    {
      verdict: fc.constantFrom(accept, refuse(no), refuse(later), refuseByChoice(no)),
      origin: fc.constantFrom<Finding['origin']>({ kind: 'local' }, { kind: 'user', identity: 'lee' }),
      remoteName: fc.constantFrom('mail.a.example', null),
      resolution: fc.constant<Finding['resolution']>({ kind: 'discard', reason: 'test', via: [] }),
      senderProven: fc.boolean(),
      results: fc.constantFrom('example.org;\r\n\tspf=pass', 'example.org;\r\n\tx-spam=reject'),
      fields: fc.constant({ remove: ['subject'], add: Buffer.from('X-A: 1\r\n') }),
      evidence: fc.constant([{ name: 'E', points: 3, detail: '' }]),
      trust: fc.constantFrom<Finding['trust']>({ kind: 'allowed', entry: 'e' }, { kind: 'pending', entry: 'e' }),
      unlessAllowed: fc.constant(no),
    },
    { requiredKeys: ['verdict'] },
  ),
})
type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never

/** The cause of the refusal has the stack, which differs from call to call. */
const broken = Object.assign(new Error('broken'), { stack: 'broken' })

function act({ how, finding }: Behaviour): Finding | Promise<Finding> {
  switch (how) {
    case 'returns':
      return finding
    case 'resolves':
      return Promise.resolve(finding)
    case 'throws':
      throw broken
    case 'rejects':
      return Promise.reject(broken)
    default:
      return new Promise<never>(() => {})
  }
}

const factsOf: { readonly [S in Stage]: () => StageFacts[S] } = {
  connect: sessionFacts,
  secured: sessionFacts,
  helo: sessionFacts,
  mail: senderFacts,
  rcpt: recipientFacts,
  message: () => mailFacts('From: ann@stranger.example'),
}
const stages = Object.keys(factsOf) as Stage[]

/** The evidence that reached the last check, and the outcome of the stage without what was noted. */
async function outcomeOf<S extends Stage>(stage: S, behaviours: readonly Behaviour[], tested: readonly boolean[]) {
  const named = (index: number) => (tested[index] ? `tried-${index}` : `acts-${index}`)
  let seen: unknown = null
  const checks: Check[] = behaviours.map((one, index) => ({ name: named(index), [stage]: () => act(one) }))
  checks.push({
    name: 'last',
    [stage]: (facts: StageFacts[S]) => {
      const { trust, unlessAllowed } = facts as Partial<StageFacts['message']>
      seen = [facts.origin, 'evidence' in facts && facts.evidence, trust, unlessAllowed]
      return { verdict: accept }
    },
  })
  const isTried = new Map(checks.filter(({ name }) => name.startsWith('tried')).map(({ name }) => [name, 'whole']))
  return { seen: () => seen, checks, tested: isTried as TestedChecks }
}

test('property: without the checks in test mode every stage has the same outcome', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...stages),
      fc.array(fc.tuple(behaviour, fc.boolean()), { maxLength: 5 }),
      async (stage, drawn) => {
        const all = await outcomeOf(
          stage,
          drawn.map(([one]) => one),
          drawn.map(([, isTried]) => isTried),
        )
        const run = async (checks: readonly Check[]) => {
          const { checks: built, clock } = runner(checks, all.tested)
          const outcome = built.run(stage, factsOf[stage]())
          // Checks that hang end one after the other.
          for (let i = 0; i <= drawn.length; i++) await clock.advance(500_000)
          // A check in test mode may take time, and is noted.
          const { tested: _, times: __, ...rest } = { times: [], ...(await outcome) }
          return { rest, seen: all.seen() }
        }
        const withThem = await run(all.checks)
        const without = await run(all.checks.filter(({ name }) => !all.tested.has(name)))
        expect(withThem).toEqual(without)
      },
    ),
    { numRuns: 300 },
  )
})
