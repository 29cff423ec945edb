// Which mail the greylist makes wait, at RCPT and at the end of data, and which never; replies and ledger. The table is real, in a file.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { directState } from '../../../test/lib/direct-state.ts'
import { findings } from '../../../test/lib/authentication-samples.ts'
import { mailFacts, recipientFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import type { Authentication } from '../../filter/authentication.ts'
import type { Resolution } from '../../route/resolution.ts'
import type { Session } from '../../smtp/session.ts'
import { createNodeGreylist, type NodeGreylist } from '../../state/greylist-store.ts'
import type { Check, Finding, Mail, RecipientFacts } from '../check.ts'
import { createChecks } from '../run-checks.ts'
import { nameUnknown } from '../evidence.ts'
import { observed } from '../score/observe.ts'
import { noTestedChecks } from '../test-mode.ts'
import { accept } from '../verdict.ts'
import { greylistCheck, type GreylistSettings } from './greylist.ts'

const MINUTE = 60_000
const NOW = Date.UTC(2026, 10, 21)
const usual: GreylistSettings = {
  rules: { delay: 5 * MINUTE, window: 1440 * MINUTE, allowFor: 35 * 1440 * MINUTE },
  when: ['score', 'listed', 'no-client-name', 'unproven'],
  points: 4,
  beforeData: 'both',
}
const named = { remoteName: 'mail.stranger.example' }
const hit = { name: 'DNSBL_OURS', points: 3, detail: '198.51.100.7, spam source' }
const friend = { name: 'DNSBL_FRIENDS', points: -3, detail: '198.51.100.7, known', trusted: true } as const

let folder: string
let table: NodeGreylist
let settings: GreylistSettings | null
let counts: string[]
let check: Check

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'greylist-check-'))
  const ports = { channel: directState(), refused: () => {}, changed: () => {}, setAside: () => {} }
  table = createNodeGreylist({ path: join(folder, 'greylist.db'), capacity: 1000, share: 200 }, ports)
  settings = usual
  counts = []
  check = greylistCheck({ settings: () => settings, table, count: (result) => void counts.push(result) })
})
afterEach(async () => {
  await table.close()
  rmSync(folder, { recursive: true, force: true })
})

const message = (change: Partial<Mail> = {}, session: Partial<Session> = {}) =>
  runCheck(check, 'message', mailFacts('Subject: x', { session: sampleSession(session), at: NOW, ...change }))
const rcpt = (change: Partial<RecipientFacts> = {}, session: Partial<Session> = {}) =>
  runCheck(check, 'rcpt', recipientFacts({ session: sampleSession(session), at: NOW, ...change }))
const replyOf = ({ verdict }: Finding) => (verdict.kind === 'accept' ? null : verdict.reply)
const eventOf = ({ events = [] }: Finding) =>
  events.map((one) => (one.kind === 'checked' ? `${one.result}: ${one.detail}` : one.kind))

describe('suspicious mail', () => {
  it('waits, with a reply that says until when; its cause says why', async () => {
    expect(replyOf(await message())).toEqual({
      code: 451,
      enhanced: '4.7.1',
      text: 'Greylisted, because this sender is new here: please try again in 5 minutes',
      cause: 'greylist: first attempt, passes from 2026-11-21T00:05:00.000Z; the client has no confirmed name',
    })
    expect(replyOf(await message({ at: NOW + 4.5 * MINUTE }))).toMatchObject({
      text: expect.stringMatching(/in 1 minute$/),
      cause: expect.stringContaining('greylist: came back too early'),
    })
    const back = await message({ at: NOW + 7 * MINUTE })
    expect(back.verdict).toEqual(accept)
    expect(eventOf(back)).toEqual(['came-back: came back after 7 min; the client has no confirmed name'])
    expect(eventOf(await message({ at: NOW + 8 * MINUTE }))).toEqual([
      'known: came back before, at 2026-11-21T00:07:00.000Z; the client has no confirmed name',
    ])
    expect(counts).toEqual(['greylisted', 'early', 'came-back', 'known'])
  })

  test.each<[string, Partial<Mail>, Partial<Session>, string | null]>([
    ['none', {}, named, null],
    ['a client without a name', {}, {}, 'the client has no confirmed name'],
    ['a client about whose name the DNS gave no answer', { evidence: [nameUnknown('SERVFAIL')] }, {}, null],
    ['a listed client', { evidence: [hit] }, named, 'listed by DNSBL_OURS (198.51.100.7, spam source)'],
    ['mail without SPF and DKIM', { evidence: [observed('UNPROVEN')] }, named, 'neither SPF nor DKIM passes'],
    ['a score at the limit', { judged: { action: 'no action', score: 4 } }, named, 'spam score 4 (no action)'],
    ['a score below', { judged: { action: 'no action', score: 3.9 } }, named, null],
    ['the action of rspamd', { judged: { action: 'greylist', score: 1 } }, named, 'spam score 1 (greylist)'],
    ['mail that is marked', { judged: { action: 'add header', score: 1 } }, named, 'spam score 1 (add header)'],
  ])('is decided by reasons: %s', async (_, change, session, cause) => {
    expect(replyOf(await message(change, session))?.cause.split('; ')[1] ?? null).toBe(cause)
  })

  it('waits only for the reasons of the configuration', async () => {
    settings = { ...usual, when: ['score'], points: null }
    expect(
      (await message({ evidence: [hit, observed('UNPROVEN')], judged: { action: 'no action', score: 9 } })).verdict,
    ).toEqual(accept)
    expect(replyOf(await message({ judged: { action: 'greylist', score: 9 } }))).toMatchObject({ code: 451 })
  })

  it('passes while greylisting is off', async () => {
    settings = null
    expect(await message()).toEqual({ verdict: accept })
    expect(await rcpt({ evidence: [hit] })).toEqual({ verdict: accept })
  })

  it('passes without a table, with a note in the ledger', async () => {
    await table.close()
    expect(eventOf(await message())).toEqual(['unavailable: the greylist is closed; the client has no confirmed name'])
    expect(counts).toEqual(['unavailable'])
  })
})

describe('mail that never waits', () => {
  const reversed = { kind: 'destinations', destinations: [], reversed: {} } as unknown as Resolution

  test.each<[string, Partial<Mail>, string]>([
    ['DMARC passes', { evidence: [observed('DMARC_PASS', 'stranger.example')] }, 'DMARC passes'],
    ['a list of good senders', { evidence: [friend] }, 'trusted: DNSBL_FRIENDS (198.51.100.7, known)'],
    ['a bounce', { sender: null, resolutions: [reversed] }, 'a bounce to a valid SRS address'],
    ['the own allow list', { trust: { kind: 'allowed', entry: 'mail.yaml:7' } }, 'allowed by mail.yaml:7'],
    ['a contact', { recipients: ['Postmaster@example.org', 'abuse@example.org'] }, 'mail to postmaster or abuse'],
  ])('%s', async (_, change, why) => {
    const found = await message({ judged: { action: 'add header', score: 9 }, ...change })
    expect(found.verdict).toEqual(accept)
    expect(eventOf(found)).toEqual([`exempt: ${why}; spam score 9 (add header), the client has no confirmed name`])
    expect(table.size).toBe(0)
  })

  it('is that of peers, authenticated clients and the node', async () => {
    for (const origin of [
      { kind: 'peer', role: 'srs', vouched: 'nothing' },
      { kind: 'user', identity: 'lee' },
      { kind: 'local' },
    ] as const) {
      expect(await message({ origin })).toEqual({ verdict: accept })
      expect(await rcpt({ origin, evidence: [hit] })).toEqual({ verdict: accept })
    }
  })

  it('is not mail to a contact and to others', async () => {
    expect(replyOf(await message({ recipients: ['postmaster@example.org', 'kim@example.org'] }))).not.toBeNull()
  })
})

describe('before the data', () => {
  it('only listed clients without a name wait', async () => {
    expect((await rcpt()).verdict).toEqual(accept)
    expect((await rcpt({ evidence: [hit] }, named)).verdict).toEqual(accept)
    expect(replyOf(await rcpt({ evidence: [hit] }))).toMatchObject({ code: 451, enhanced: '4.7.1' })
  })

  it('one reason is enough, or none, by the configuration', async () => {
    settings = { ...usual, beforeData: 'either' }
    expect(replyOf(await rcpt())).not.toBeNull()
    settings = { ...usual, beforeData: 'never' }
    expect((await rcpt({ evidence: [hit] })).verdict).toEqual(accept)
  })

  it('nor does a sender on the own allow list, which is proven at the end of data', async () => {
    const trust = { kind: 'pending', entry: 'mail.yaml:7' } as const
    expect((await rcpt({ evidence: [hit], trust })).verdict).toEqual(accept)
    expect((await rcpt({ evidence: [hit], trust: { kind: 'allowed', entry: 'mail.yaml:7' } })).verdict).toEqual(accept)
    const unproven = { kind: 'unproven', entry: 'mail.yaml:7', cause: 'nothing proves it' } as const
    expect(replyOf(await rcpt({ evidence: [hit], trust: unproven }))).not.toBeNull()
    expect(replyOf(await message({ trust: unproven }))).not.toBeNull()
  })

  it('contacts, trusted clients and bounces need not wait', async () => {
    const reversed = { kind: 'destinations', destinations: [], reversed: {} } as unknown as Resolution
    const evidence = [hit]
    expect((await rcpt({ evidence, forwardPath: 'abuse@example.org' })).verdict).toEqual(accept)
    expect((await rcpt({ evidence: [hit, friend] })).verdict).toEqual(accept)
    expect((await rcpt({ evidence, sender: null, resolution: reversed })).verdict).toEqual(accept)
  })

  it('the ledger of the message shows how long a recipient waited', async () => {
    const evidence = [hit]
    const session = sampleSession()
    await rcpt({ evidence, session })
    const at = NOW + 12 * MINUTE
    expect((await rcpt({ evidence, session, at })).verdict).toEqual(accept)
    expect(eventOf(await message({ evidence, session, at, recipients: ['kim@example.org'] }))).toEqual([
      'came-back: came back after 12 min',
    ])
    // Of that message only.
    expect(eventOf(await message({ evidence, session, at, recipients: ['kim@example.org'] }))).toEqual([
      expect.stringMatching(/^known: /),
    ])
  })
})

describe('what stands for the client', () => {
  const at = NOW + 6 * MINUTE
  const judged = { action: 'greylist', score: 5 } as const

  const passing = (domain: string) => ({ result: 'pass', domain, explanation: null }) as const
  const signed = (domain: string, result: 'pass' | 'fail', aligned = true) =>
    ({ result, domain, selector: 's', aligned, comment: null }) as const

  test.each<[string, Partial<Authentication>]>([
    ['SPF proves', { spf: passing('Stranger.example') }],
    ['DKIM proves', { dkim: [signed('stranger.example', 'pass')] }],
    [
      'one of several signatures proves',
      { dkim: [signed('a.example', 'fail'), signed('stranger.example', 'pass', false)] },
    ],
  ])('is a domain that %s, from any address', async (_, found) => {
    const authentication = findings(found)
    await message({ judged, authentication })
    const { events = [] } = await message({ judged, authentication, at }, { remoteIp: '2001:db8:9::1' })
    expect(events).toMatchObject([{ result: 'came-back' }])
  })

  it('is the signer of the author before the domain of SPF, which changes with the provider', async () => {
    const dkim = [signed('provider.example', 'pass', false), signed('stranger.example', 'pass')]
    await message({ judged, authentication: findings({ dkim, spf: passing('bounce.provider.example') }) })
    const authentication = findings({ dkim: [signed('stranger.example', 'pass')] })
    expect((await message({ judged, authentication, at }, { remoteIp: '203.0.113.9' })).verdict).toEqual(accept)
  })

  it('is no domain without a pass', async () => {
    const authentication = findings({ dkim: [signed('stranger.example', 'fail')] })
    await message({ judged, authentication })
    expect(replyOf(await message({ judged, authentication, at }, { remoteIp: '203.0.113.9' }))).not.toBeNull()
  })

  it('is else its /24 or /48', async () => {
    for (const [first, second, other] of [
      ['192.0.2.1', '192.0.2.200', '192.0.3.1'],
      ['2001:db8:1:1::1', '2001:db8:1:ffff::1', '2001:db8:2::1'],
    ]) {
      await message({ judged }, { remoteIp: first })
      expect((await message({ judged, at }, { remoteIp: second })).verdict).toEqual(accept)
      expect(replyOf(await message({ judged, at }, { remoteIp: other }))).not.toBeNull()
    }
  })
})

it('knows what the checks before it found', async () => {
  const spam: Check = { name: 'spam', message: () => ({ verdict: accept, judged: { action: 'greylist', score: 5 } }) }
  const spf = { result: 'pass', domain: 'stranger.example', explanation: null } as const
  const proof: Check = {
    name: 'proof',
    message: () => ({ verdict: accept, authentication: findings({ spf }) }),
  }
  const clock = { after: () => ({ cancel: () => {} }), monotonic: () => 0 }
  const ports = { clock, log: { bug: () => {} }, tested: { value: noTestedChecks }, meter: null }
  const checks = createChecks([spam, proof, check], ports)
  const mail = (remoteIp: string, at: number) =>
    mailFacts('Subject: x', { session: sampleSession({ ...named, remoteIp }), at })
  expect(await checks.run('message', mail('192.0.2.1', NOW))).toMatchObject({ kind: 'refused', reply: { code: 451 } })
  expect(await checks.run('message', mail('203.0.113.1', NOW + 6 * MINUTE))).toMatchObject({ kind: 'passed' })
})
