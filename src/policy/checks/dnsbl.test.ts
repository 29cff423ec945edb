import { beforeEach, describe, expect, it } from 'vitest'
import {
  mailFacts,
  recipientFacts,
  runCheck,
  sampleSession,
  senderFacts,
  sessionFacts,
} from '../../../test/lib/check-facts.ts'
import type { DnsLists, ListAnswer, ListFinding, Subject } from '../../filter/dns-lists.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Session } from '../../smtp/session.ts'
import type { Check } from '../check.ts'
import type { Trust } from '../trust.ts'
import { dnsblCheck } from './dnsbl.ts'

const internet: Origin = { kind: 'internet' }
const listed = (points: number): ListAnswer => ({
  kind: 'listed',
  points,
  meaning: 'spam source',
  url: 'https://bl.example/x',
})

/** Answers by list and value; every list has both kinds. */
let answers: Record<string, Record<string, ListAnswer>>
let asked: string[]
let signals: AbortSignal[]
let gate: Promise<void>

const lists: DnsLists = {
  ask: async (subject, { signal }) => {
    asked.push(`${subject.kind === 'domain' ? subject.of : 'address'} ${subject.value}`)
    if (signal) signals.push(signal)
    await gate
    return Object.entries(answers).map(([list, of]) => findingOf(list, subject, of[subject.value]))
  },
}

function findingOf(list: string, subject: Subject, answer?: ListAnswer): ListFinding {
  return { list, subject, answer: answer ?? { kind: 'not-listed' } }
}

let check: Check
let session: Session
beforeEach(() => {
  answers = { bl: {}, wl: {} }
  asked = []
  signals = []
  gate = Promise.resolve()
  check = dnsblCheck({ lists, refuseAt: 5 })
  session = sampleSession({ helo: 'mail.stranger.example', closed: new AbortController().signal })
})

const connect = (origin: Origin | null = internet) => runCheck(check, 'connect', sessionFacts(session, origin))
const helo = () => runCheck(check, 'helo', sessionFacts(session, internet))
const mail = (sender: string | null = 'ann@sender.example') => runCheck(check, 'mail', senderFacts({ session, sender }))
const rcpt = (forwardPath = 'kim@example.org', origin: Origin = internet) =>
  runCheck(check, 'rcpt', recipientFacts({ session, origin, forwardPath }))
const message = (from = 'Ann <ann@author.example>') =>
  runCheck(check, 'message', mailFacts(`From: ${from}`, { session }))

describe('the dnsbl check', () => {
  it('asks about the address at connect without waiting, and about each new name and sender', async () => {
    gate = new Promise(() => undefined)
    await connect()
    await connect()
    await helo()
    await helo()
    await mail()
    expect(asked).toEqual(['address 198.51.100.7', 'helo mail.stranger.example', 'sender sender.example'])
  })

  it('refuses at RCPT from the threshold on, with list, reason and page', async () => {
    answers = { bl: { '198.51.100.7': listed(5) }, wl: {} }
    expect(await connect()).toEqual({ verdict: { kind: 'accept' } })
    await mail()
    expect((await rcpt()).verdict).toEqual({
      kind: 'reject',
      reply: {
        code: 550,
        enhanced: '5.7.1',
        text: 'Your address 198.51.100.7 is listed by bl (spam source), see https://bl.example/x',
        cause: 'dnsbl: 5 points: bl 5 for 198.51.100.7 (spam source); refused from 5',
      },
    })
  })

  it.each(['postmaster@example.org', 'Postmaster', 'ABUSE@example.org'])('keeps %s reachable', async (contact) => {
    answers = { bl: { '198.51.100.7': listed(9) } }
    await connect()
    expect((await rcpt(contact)).verdict.kind).toBe('accept')
    expect((await rcpt()).verdict.kind).toBe('reject')
  })

  it('asks about the client that a front end names, not about the front end', async () => {
    answers = { bl: { '192.0.2.7': listed(5) }, wl: {} }
    await connect()
    await helo()
    session = Object.assign(session, { remoteIp: '192.0.2.7', helo: null })
    await connect()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false])
    await mail()
    expect((await rcpt()).verdict).toMatchObject({ kind: 'reject', reply: { code: 550 } })
    expect(asked).toEqual([
      'address 198.51.100.7',
      'helo mail.stranger.example',
      'address 192.0.2.7',
      'sender sender.example',
    ])
  })

  it('refuses no client that the own allow list is about, and a doubt of it makes the refusal temporary', async () => {
    answers = { bl: { '198.51.100.7': listed(9) } }
    const judged = async (trust: Trust) =>
      (await runCheck(check, 'rcpt', recipientFacts({ session, origin: internet, trust }))).verdict
    const entry = 'allow at m.yaml:1'
    expect((await judged({ kind: 'allowed', entry })).kind).toBe('accept')
    expect(await judged({ kind: 'undecided', entry, cause: 'no answer' })).toMatchObject({
      kind: 'defer',
      reply: { code: 451, cause: expect.stringContaining('allow at m.yaml:1 may apply: no answer') },
    })
    expect((await judged({ kind: 'unproven', entry, cause: 'forged' })).kind).toBe('reject')
  })

  it('leaves the refusal of a sender who may be allowed to the end of data, but not for postmaster alone', async () => {
    answers = { bl: { '198.51.100.7': listed(9), 'author.example': listed(9) } }
    const pending: Trust = { kind: 'pending', entry: 'allow at m.yaml:1' }
    const waiting = recipientFacts({ session, origin: internet, trust: pending })
    expect((await runCheck(check, 'rcpt', waiting)).verdict.kind).toBe('accept')
    const ended = async (trust: Trust | undefined, recipients = ['kim@example.org']) => {
      const facts = mailFacts('From: ann@author.example', { session, recipients, ...(trust && { trust }) })
      const { verdict, unlessAllowed } = await runCheck(check, 'message', facts)
      expect(verdict.kind).toBe('accept')
      return unlessAllowed
    }
    expect(await ended(undefined)).toBeUndefined()
    expect(await ended({ ...pending, kind: 'allowed' })).toBeUndefined()
    expect(await ended(pending, ['postmaster@example.org'])).toBeUndefined()
    expect(await ended(pending)).toMatchObject({
      code: 550,
      text: expect.stringMatching(/^Your address .* is listed by bl/),
    })
    answers = { bl: { 'author.example': listed(9) } }
    session = sampleSession()
    expect(await ended(pending)).toBeUndefined()
  })

  it('adds the points of lists, and an allow list takes some away', async () => {
    answers = { bl: { '198.51.100.7': listed(3) }, other: { 'sender.example': listed(3) } }
    await connect()
    await mail()
    expect((await rcpt()).verdict.kind).toBe('reject')
    answers = { ...answers, wl: { '198.51.100.7': listed(-3) } }
    session = sampleSession()
    await mail()
    expect((await rcpt()).verdict.kind).toBe('accept')
  })

  it('counts a list once', async () => {
    answers = { bl: { 'mail.stranger.example': listed(3), 'stranger.example': listed(3) } }
    await helo()
    await mail('ann@stranger.example')
    expect((await rcpt()).verdict.kind).toBe('accept')
  })

  it('refuses nothing without a threshold, but gives evidence', async () => {
    check = dnsblCheck({ lists, refuseAt: null })
    answers = { bl: { '198.51.100.7': listed(50) } }
    await connect()
    expect(await rcpt()).toEqual({
      verdict: { kind: 'accept' },
      evidence: [{ name: 'DNSBL_BL', points: 50, detail: '198.51.100.7, spam source' }],
    })
  })

  it('refuses no client because of lists that do not answer', async () => {
    answers = {
      bl: { '198.51.100.7': { kind: 'unavailable', cause: 'no answer' } },
      wl: { '198.51.100.7': { kind: 'unknown', addresses: ['127.0.0.99'] } },
    }
    await connect()
    expect((await rcpt()).verdict.kind).toBe('accept')
    expect((await message()).events).toEqual([
      expect.objectContaining({
        check: 'dnsbl',
        result: 'not-listed',
        detail: '0 points; unavailable: bl (no answer); answers without a meaning: wl',
      }),
    ])
  })

  it.each<Origin>([
    { kind: 'peer', role: 'mx', vouched: 'nothing' },
    { kind: 'user', identity: 'lee' },
    { kind: 'machine', identity: 'ci' },
    { kind: 'local' },
  ])('never looks up $kind', async (origin) => {
    await connect(origin)
    await runCheck(check, 'helo', sessionFacts(session, origin))
    await runCheck(check, 'mail', senderFacts({ session, origin }))
    await rcpt('kim@example.org', origin)
    expect(await runCheck(check, 'message', mailFacts('From: a@b.example', { session, origin }))).toEqual({
      verdict: { kind: 'accept' },
    })
    expect(asked).toEqual([])
  })

  it('gives up the look-ups of a peer that shows its certificate, and asks no more about its address', async () => {
    await connect()
    const peer: Origin = { kind: 'peer', role: 'srs', vouched: 'nothing' }
    await runCheck(check, 'secured', sessionFacts(session, peer))
    expect(signals.map((one) => one.aborted)).toEqual([true])
    session = sampleSession()
    await connect()
    expect(asked).toHaveLength(1)
  })

  it('gives up what is of no use any more: the sender of the last transaction, and all at the end of the session', async () => {
    const closed = new AbortController()
    session = sampleSession({ closed: closed.signal })
    await connect()
    await mail('ann@one.example')
    await mail('ann@two.example')
    await mail(null)
    expect(signals.map((one) => one.aborted)).toEqual([false, true, true])
    closed.abort()
    expect(signals.map((one) => one.aborted)).toEqual([true, true, true])
  })

  it('forgets the sender of the last transaction', async () => {
    answers = { bl: { 'evil.example': listed(5) } }
    await mail('eve@evil.example')
    expect((await rcpt()).verdict.kind).toBe('reject')
    await mail('ann@good.example')
    expect((await rcpt()).verdict.kind).toBe('accept')
  })

  it.each(['[192.0.2.1]', 'localhost', '192.0.2.1', 'not a name', '', 'x..example'])(
    'asks nothing about the name %j',
    async (name) => {
      session = sampleSession({ helo: name })
      await helo()
      expect(asked).toEqual(['address 198.51.100.7'])
    },
  )

  it('stops asking about a client that changes its sender without end', async () => {
    for (let i = 0; i < 200; i++) await mail(`ann@s${i}.example`)
    expect(asked.length).toBeLessThan(60)
  })

  it('continues to ask about one that sends mail of many senders', async () => {
    for (let i = 0; i < 200; i++) {
      await mail(`ann@s${i}.example`)
      await message()
    }
    expect(asked.filter((one) => one.startsWith('sender'))).toHaveLength(200)
  })

  it('records the authors too, a few of them, but does not refuse by them', async () => {
    answers = { bl: { 'author.example': listed(50) } }
    expect(await message()).toMatchObject({
      verdict: { kind: 'accept' },
      evidence: [{ name: 'DNSBL_BL', points: 50, detail: 'author.example, spam source' }],
      events: [
        {
          kind: 'checked',
          queueId: 'Q1',
          check: 'dnsbl',
          result: 'listed',
          detail: '50 points: bl 50 for author.example (spam source)',
        },
      ],
    })
    asked = []
    await message(Array.from({ length: 50 }, (_, i) => `a@a${i}.example`).join(', '))
    expect(asked.length).toBeLessThanOrEqual(4)
  })

  it('gives each list as evidence once, at RCPT or for the authors at the end of data', async () => {
    answers = { bl: { '198.51.100.7': listed(2), 'author.example': listed(2) }, dbl: { 'author.example': listed(1) } }
    const { evidence = [] } = await rcpt()
    expect(evidence.map(({ name }) => name)).toEqual(['DNSBL_BL'])
    const facts = mailFacts('From: ann@author.example', { session, evidence })
    expect((await runCheck(check, 'message', facts)).evidence?.map(({ name }) => name)).toEqual(['DNSBL_DBL'])
  })

  it('records nothing for mail without a session', async () => {
    expect(await runCheck(check, 'message', mailFacts('From: a@b.example'))).toEqual({ verdict: { kind: 'accept' } })
  })
})
