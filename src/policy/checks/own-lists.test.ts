// Own lists over the stages of a session: when a block refuses, what proves an allow, and that a forged name proves nothing.

import { describe, expect, it } from 'vitest'
import { mailFacts, recipientFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import type { ListConditions, ListEntry } from '../../directory/directory.ts'
import type { Authentication } from '../../filter/authentication.ts'
import { createOwnLists } from '../../route/lists/create-own-lists.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Session } from '../../smtp/session.ts'
import type { Finding, Mail, RecipientFacts } from '../check.ts'
import { nameUnknown } from '../evidence.ts'
import { ownListProof, ownListsCheck } from './own-lists.ts'

const block = (conditions: ListConditions, more: Partial<ListEntry> = {}): ListEntry => ({
  list: 'block',
  name: null,
  source: 'm.yaml:1',
  conditions,
  ...more,
})
const allow = (conditions: ListConditions): ListEntry => ({ ...block(conditions), list: 'allow', source: 'm.yaml:9' })

const listsOf = (entries: readonly ListEntry[]) =>
  createOwnLists({ listEntries: entries, mainDomain: 'example.org', domain: () => undefined }, {})
const checkOf = (...entries: readonly ListEntry[]) => ownListsCheck(() => listsOf(entries))

const session = (change: Partial<Session> = {}) =>
  sampleSession({ remoteName: 'mail.partner.example', helo: 'mail.partner.example', ...change })
const rcpt = (entries: readonly ListEntry[], change: Partial<RecipientFacts> = {}) =>
  runCheck(
    checkOf(...entries),
    'rcpt',
    recipientFacts({ session: session(), sender: 'ann@partner.example', ...change }),
  )

const nothing: Authentication = {
  spf: { result: 'none', domain: null, explanation: null },
  dkim: [],
  dmarc: {
    result: 'none',
    domain: 'partner.example',
    policy: null,
    authors: [],
    problem: null,
    spfAligned: false,
    dkimAligned: false,
  },
  arc: { result: 'none' },
  results: '',
}
const spf = (result: 'pass' | 'fail' | 'temperror', domain: string | null = 'partner.example'): Authentication => ({
  ...nothing,
  spf: { result, domain, explanation: null },
})
const dkim = (domain: string, result: 'pass' | 'fail' = 'pass'): Authentication => ({
  ...nothing,
  dkim: [{ result, domain, selector: 's', aligned: false, comment: null }],
})
const dmarc = (result: 'pass' | 'fail' | 'none' | 'temperror', domain = 'partner.example'): Authentication => ({
  ...nothing,
  dmarc: { ...nothing.dmarc, result, domain },
})
/** Both parts of the check, as a node runs them around the verification of the message. */
async function message(
  entries: readonly ListEntry[],
  change: Partial<Mail> = {},
  from = 'Ann <ann@partner.example>',
): Promise<Finding> {
  const { authentication = nothing, ...more } = change
  const known = { session: session(), sender: 'ann@partner.example', recipients: ['kim@example.org'], ...more }
  const mail = mailFacts(`From: ${from}`, known)
  const first = await runCheck(checkOf(...entries), 'message', mail)
  if (first.verdict.kind !== 'accept') return first
  const { trust, unlessAllowed } = first
  const proved = { ...mail, ...(trust && { trust }), ...(unlessAllowed && { unlessAllowed }) }
  const verified = 'authentication' in change && change.authentication === undefined ? {} : { authentication }
  return runCheck(
    ownListProof(() => listsOf(entries)),
    'message',
    { ...proved, ...verified },
  )
}

describe('a block entry', () => {
  it.each<[ListConditions, string]>([
    [{ network: ['198.51.100.0/24'] }, 'Your address 198.51.100.7 is blocked here'],
    [{ host: ['.partner.example'] }, 'Your host mail.partner.example is blocked here'],
    [{ helo: ['mail.partner.example'] }, 'Your name in EHLO is blocked here'],
    [{ sender: ['ann@partner.example'] }, 'The sender <ann@partner.example> is blocked here'],
    [{ senderDomain: ['partner.example'] }, 'The sender <ann@partner.example> is blocked here'],
    [{ recipient: ['kim@example.org'] }, '<kim@example.org> accepts no mail from the internet'],
  ])('%j refuses at RCPT for good, with the entry as the cause', async (conditions, text) => {
    const { verdict } = await rcpt([block(conditions, { comment: 'ticket 17' })])
    expect(verdict).toMatchObject({ kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text } })
    expect(verdict).toMatchObject({
      reply: { cause: expect.stringMatching(/^own-lists: block at m\.yaml:1: .* \(ticket 17\)$/) },
    })
  })

  it('has its own reply', async () => {
    const { verdict } = await rcpt([block({ helo: ['mail.partner.example'] }, { reply: 'Not here' })])
    expect(verdict).toMatchObject({ reply: { text: 'Not here' } })
  })

  it('of an author refuses at the end of data, also one of several authors', async () => {
    const entries = [block({ fromDomain: ['.phish.example'] })]
    expect((await rcpt(entries)).verdict.kind).toBe('accept')
    expect((await message(entries)).verdict.kind).toBe('accept')
    for (const from of ['eve@x.phish.example', 'ann@partner.example, eve@phish.example'])
      expect((await message(entries, {}, from)).verdict).toMatchObject({
        kind: 'reject',
        reply: { code: 550, enhanced: '5.7.1', text: 'Mail of this author is blocked here' },
      })
  })

  it('leaves postmaster and abuse reachable unless it names them', async () => {
    const network = { network: ['198.51.100.0/24'] }
    for (const forwardPath of ['postmaster', 'abuse@example.org']) {
      expect((await rcpt([block(network)], { forwardPath })).verdict.kind).toBe('accept')
      const named = block({ ...network, recipient: ['postmaster@example.org', 'abuse@example.org'] })
      expect((await rcpt([named], { forwardPath })).verdict.kind).toBe('reject')
    }
    const author = [block({ fromDomain: ['partner.example'] })]
    expect((await message(author, { recipients: ['postmaster@example.org'] })).verdict.kind).toBe('accept')
    expect((await message(author, { recipients: ['postmaster@example.org', 'kim@example.org'] })).verdict.kind).toBe(
      'reject',
    )
  })

  it.each<Origin>([
    { kind: 'peer', role: 'mx', vouched: 'nothing' },
    { kind: 'user', identity: 'lee' },
    { kind: 'machine', identity: 'ci' },
    { kind: 'local' },
  ])('does not concern $kind', async (origin) => {
    const entries = [block({ network: ['198.51.100.0/24'] }), block({ fromDomain: ['partner.example'] })]
    expect(await rcpt(entries, { origin })).toEqual({ verdict: { kind: 'accept' } })
    expect(await message(entries, { origin })).toEqual({ verdict: { kind: 'accept' } })
  })

  it('does not apply to a client with an entry of the allow list', async () => {
    const entries = [block({ network: ['198.51.100.0/24'] }), allow({ host: ['mail.partner.example'] })]
    expect(await rcpt(entries)).toMatchObject({ verdict: { kind: 'accept' }, trust: { kind: 'allowed' } })
  })

  it('waits for the end of data if the sender may be allowed, and applies if it is forged', async () => {
    const entries = [block({ network: ['198.51.100.0/24'] }), allow({ sender: ['ann@partner.example'] })]
    expect(await rcpt(entries)).toMatchObject({ verdict: { kind: 'accept' }, trust: { kind: 'pending' } })
    expect((await message(entries)).verdict).toMatchObject({ kind: 'reject', reply: { code: 550 } })
    expect((await message(entries, { authentication: spf('temperror') })).verdict).toMatchObject({
      kind: 'defer',
      reply: { code: 451 },
    })
    expect((await message(entries, { authentication: spf('pass') })).verdict.kind).toBe('accept')
  })
})

it('a block by author is not avoided by one recipient for whom the author may be allowed', async () => {
  const entries = [
    block({ fromDomain: ['partner.example'] }),
    allow({ fromDomain: ['partner.example'], recipient: ['kim@example.org'] }),
  ]
  const recipients = ['kim@example.org', 'lee@example.org']
  expect((await message(entries, { recipients, authentication: dmarc('pass') })).verdict.kind).toBe('reject')
  expect((await message(entries, { authentication: dmarc('pass') })).verdict.kind).toBe('accept')
  expect((await message(entries)).verdict.kind).toBe('reject')
})

it('a refusal of another check that waited for the proof is given if the sender is forged', async () => {
  const entries = [allow({ sender: ['ann@partner.example'] })]
  const unlessAllowed = refusal(550, '5.7.1', 'Your address is listed', 'dnsbl: 5 points')
  const facts = (authentication: Authentication) =>
    mailFacts('From: ann@partner.example', {
      session: session(),
      sender: 'ann@partner.example',
      recipients: ['kim@example.org'],
      trust: { kind: 'pending', entry: 'x' },
      unlessAllowed,
      authentication,
    })
  const judged = async (authentication: Authentication) =>
    (
      await runCheck(
        ownListProof(() => listsOf(entries)),
        'message',
        facts(authentication),
      )
    ).verdict
  expect((await judged(spf('pass'))).kind).toBe('accept')
  expect(await judged(spf('fail'))).toMatchObject({
    kind: 'reject',
    reply: {
      code: 550,
      text: 'Your address is listed',
      cause: expect.stringContaining('dnsbl: 5 points; allow at m.yaml:9'),
    },
  })
  expect(await judged(spf('temperror'))).toMatchObject({ kind: 'defer', reply: { code: 451 } })
})

describe('an allow entry at RCPT', () => {
  it.each<[string, ListConditions, string | undefined, Partial<Session>?]>([
    ['network', { network: ['198.51.100.7/32'] }, 'allowed'],
    ['confirmed host', { host: ['.partner.example'] }, 'allowed'],
    ['host without a confirmed name', { host: ['.partner.example'] }, undefined, { remoteName: null }],
    ['HELO that is the confirmed name', { helo: ['mail.partner.example'] }, 'allowed'],
    ['HELO of another client', { helo: ['mail.partner.example'] }, 'unproven', { remoteName: 'evil.example' }],
    ['HELO of a client without a name', { helo: ['mail.partner.example'] }, 'unproven', { remoteName: null }],
    ['sender', { sender: ['ann@partner.example'] }, 'pending'],
    ['sender domain', { senderDomain: ['partner.example'] }, 'pending'],
    ['sender of a network', { sender: ['ann@partner.example'], network: ['198.51.100.0/24'] }, 'allowed'],
    ['sender of another network', { sender: ['ann@partner.example'], network: ['192.0.2.0/24'] }, undefined],
    [
      'sender and forged HELO',
      { sender: ['ann@partner.example'], helo: ['mail.partner.example'] },
      'unproven',
      { remoteName: null },
    ],
    ['recipient', { recipient: ['kim@example.org'] }, 'allowed'],
    ['sender for a recipient', { sender: ['ann@partner.example'], recipient: ['kim@example.org'] }, 'pending'],
    ['author', { fromDomain: ['partner.example'] }, undefined],
  ])('%s: %j is %s', async (_, conditions, kind, change = {}) => {
    const { trust } = await rcpt([allow(conditions)], { session: session(change) })
    expect(trust?.kind).toBe(kind)
  })

  it('is in doubt while the name of the client cannot be looked up', async () => {
    const evidence = [nameUnknown('no answer')]
    const change = { session: session({ remoteName: null }), evidence }
    expect((await rcpt([allow({ helo: ['mail.partner.example'] })], change)).trust?.kind).toBe('undecided')
    expect((await rcpt([allow({ host: ['.partner.example'] })], change)).trust?.kind).toBe('undecided')
    const entries = [block({ network: ['198.51.100.0/24'] }), allow({ host: ['.partner.example'] })]
    expect((await rcpt(entries, change)).verdict).toMatchObject({ kind: 'defer', reply: { code: 451 } })
  })

  it('is not mixed with recipients without it in one transaction', async () => {
    const check = checkOf(allow({ recipient: ['kim@example.org'] }))
    const accepted: { forwardPath: string; resolution: { kind: 'discard'; reason: string; via: [] } }[] = []
    const transaction = { recipients: accepted }
    const next = async (forwardPath: string) => {
      const { verdict } = await runCheck(
        check,
        'rcpt',
        recipientFacts({ session: session(), transaction, forwardPath }),
      )
      if (verdict.kind === 'accept')
        accepted.push({ forwardPath, resolution: { kind: 'discard', reason: '', via: [] } })
      return verdict.kind === 'accept' ? 250 : verdict.reply.code
    }
    expect(await next('kim@example.org')).toBe(250)
    expect(await next('lee@example.org')).toBe(452)
    expect(await next('kim+x@example.org')).toBe(250)
  })
})

describe('an allow entry at the end of data', () => {
  const forms: readonly [string, ListConditions][] = [
    ['sender', { sender: ['ann@partner.example'] }],
    ['author', { fromDomain: ['partner.example'] }],
  ]
  it.each<[string, Authentication | undefined, sender: string, author: string]>([
    ['nothing', nothing, 'unproven', 'unproven'],
    ['no verification', undefined, 'unproven', 'unproven'],
    ['SPF pass', spf('pass'), 'allowed', 'unproven'],
    ['SPF pass of another domain', spf('pass', 'evil.example'), 'unproven', 'unproven'],
    ['SPF fail', spf('fail'), 'unproven', 'unproven'],
    ['a look-up of SPF that failed', spf('temperror'), 'undecided', 'undecided'],
    ['a signature of the domain', dkim('Partner.example'), 'allowed', 'allowed'],
    ['a signature of another domain', dkim('evil.example'), 'unproven', 'unproven'],
    ['a signature of a domain that ends alike', dkim('artner.example'), 'unproven', 'unproven'],
    ['a wrong signature', dkim('partner.example', 'fail'), 'unproven', 'unproven'],
    ['DMARC pass', dmarc('pass'), 'allowed', 'allowed'],
    ['DMARC pass of another domain', dmarc('pass', 'evil.example'), 'unproven', 'unproven'],
    ['DMARC fail', dmarc('fail'), 'unproven', 'unproven'],
    ['a look-up of DMARC that failed', dmarc('temperror'), 'undecided', 'undecided'],
    ['DMARC fail beside a signature', { ...dmarc('fail'), dkim: dkim('partner.example').dkim }, 'allowed', 'unproven'],
  ])('with %s', async (_, authentication, ...expected) => {
    for (const [index, [, conditions]] of forms.entries()) {
      const change = authentication ? { authentication } : { authentication: undefined }
      const found = await message([allow(conditions)], change as Partial<Mail>)
      expect(found).toMatchObject({
        verdict: { kind: 'accept' },
        trust: { kind: expected[index] },
        events: [{ kind: 'checked', queueId: 'Q1', check: 'own-lists', result: expected[index] }],
      })
    }
  })

  it.each(['ann@partner.example, eve@evil.example', 'ann@partner.example <eve@evil.example>', ''])(
    'of an author needs one clear author, not %j',
    async (from) => {
      const found = await message([allow({ fromDomain: ['partner.example'] })], { authentication: dmarc('pass') }, from)
      expect(found.trust?.kind).not.toBe('allowed')
    },
  )

  it('counts only if it is for every recipient', async () => {
    const entries = [allow({ recipient: ['kim@example.org'] })]
    expect((await message(entries)).trust?.kind).toBe('allowed')
    expect(await message(entries, { recipients: ['kim@example.org', 'lee@example.org'] })).toEqual({
      verdict: { kind: 'accept' },
    })
  })

  it('has no effect on mail without a session', async () => {
    expect(await message([allow({ recipient: ['kim@example.org'] })], { session: null })).toEqual({
      verdict: { kind: 'accept' },
    })
  })
})
