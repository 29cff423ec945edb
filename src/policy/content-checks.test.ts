// The checks of whole mails: loop, verify, trust-results, author.

import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Authentication, Authenticator } from '../filter/authentication.ts'
import { readFields } from '../message/header.ts'
import type { Origin } from '../smtp/origin.ts'
import { checkAuthor } from './checks/author.ts'
import type { Mail } from './check.ts'
import { checkLoop } from './checks/hop-count.ts'
import { checkTrustedResults } from './checks/peer-results.ts'
import { checkVerify } from './checks/authentication-results.ts'

function mail(header: string, origin: Origin = { kind: 'internet' }): Mail {
  const bytes = Buffer.from(`${header.replaceAll('\n', '\r\n')}\r\n\r\n`)
  const content = { header: bytes, bodySize: 0, openBody: () => Readable.from([]) }
  return {
    queueId: 'Q1',
    session: null,
    origin,
    sender: 'ann@stranger.example',
    recipients: ['press@example.org'],
    content,
    fields: readFields(bytes),
    at: 1000,
  }
}

describe('loop', () => {
  const hops = (count: number) => mail(Array.from({ length: count }, (_, i) => `Received: by h${i}`).join('\n'))

  test('the limit itself is too many, one less is not', async () => {
    expect((await checkLoop(5)(hops(4))).verdict.kind).toBe('accept')
    expect((await checkLoop(5)(hops(5))).verdict).toMatchObject({
      kind: 'reject',
      reply: { code: 554, enhanced: '5.4.6' },
    })
  })
})

function findings(more: Partial<Authentication>): Authentication {
  return {
    spf: { result: 'none', domain: null, explanation: null },
    dkim: [],
    dmarc: { result: 'none', domain: null, policy: null, spfAligned: false, dkimAligned: false },
    arc: { result: 'none' },
    results: 'example.org; none',
    ...more,
  }
}

const finds = (found: Authentication): Authenticator => ({ authenticate: async () => found })
const spoofed = findings({
  dmarc: { result: 'fail', domain: 'bank.example', policy: 'reject', spfAligned: false, dkimAligned: false },
})

describe('verify', () => {
  const check = (found: Authentication, rejectByPolicy = false) =>
    checkVerify({ authenticator: finds(found), authservId: 'example.org', rejectByPolicy })

  test('a failed policy of reject refuses only where that is asked for', async () => {
    expect((await check(spoofed)(mail('From: a@bank.example'))).verdict.kind).toBe('accept')
    expect((await check(spoofed, true)(mail('From: a@bank.example'))).verdict).toMatchObject({
      kind: 'reject',
      reply: { code: 550, enhanced: '5.7.26' },
    })
    const quarantine = findings({ dmarc: { ...spoofed.dmarc, policy: 'quarantine' } })
    expect((await check(quarantine, true)(mail('From: a@bank.example'))).verdict.kind).toBe('accept')
  })

  test('so are several authors, of whom one would escape his policy (RFC 9989 11.5)', async () => {
    const dmarc = { ...spoofed.dmarc, result: 'permerror', domain: null, policy: null } as const
    const several = findings({ dmarc: { ...dmarc, severalAuthors: true } })
    const from = mail('From: a@bank.example, eve@evil.example')
    expect((await check(several)(from)).verdict.kind).toBe('accept')
    expect((await check(several, true)(from)).verdict).toMatchObject({ kind: 'reject', reply: { code: 550 } })
    expect((await check(findings({ dmarc }), true)(mail('From: MAILER-DAEMON'))).verdict.kind).toBe('accept')
  })

  test('the sender is proven by SPF or DMARC, by nothing else', async () => {
    const bySpf = findings({ spf: { result: 'pass', domain: 'stranger.example', explanation: null } })
    const byDkim = findings({
      dkim: [{ result: 'pass', domain: 'other.example', selector: 's', aligned: false, comment: null }],
    })
    expect((await check(bySpf)(mail('From: a@b.example'))).senderProven).toBe(true)
    expect((await check(byDkim)(mail('From: a@b.example'))).senderProven).toBe(false)
    expect((await check(spoofed)(mail('From: a@b.example'))).senderProven).toBe(false)
  })

  test('DMARC proves a sender of its own domain and below, nobody whom a stranger names as reverse-path', async () => {
    const passed = (domain: string) =>
      findings({ dmarc: { result: 'pass', domain, policy: 'none', spfAligned: false, dkimAligned: true } })
    const proven = async (domain: string, sender: string | null) =>
      (await check(passed(domain))({ ...mail(`From: a@${domain}`), sender })).senderProven
    expect(await proven('a.example', 'ann@a.example')).toBe(true)
    expect(await proven('a.example', 'bounce-7@lists.a.example')).toBe(true)
    expect(await proven('a.example', 'victim@b.example')).toBe(false)
    expect(await proven('a.example', 'victim@nota.example')).toBe(false)
    expect(await proven('me.hosting.example', 'victim@hosting.example')).toBe(false)
    expect(await proven('a.example', null)).toBe(false)
  })

  test('every finding is in the ledger', async () => {
    const found = findings({
      dkim: [
        { result: 'pass', domain: 'a.example', selector: 's1', aligned: true, comment: null },
        { result: 'fail', domain: 'b.example', selector: 's2', aligned: false, comment: 'bad signature' },
      ],
      arc: { result: 'pass' },
    })
    const { events = [] } = await check(found)(mail('From: a@b.example'))
    expect(events.map((event) => event.kind === 'checked' && `${event.check}=${event.result}`)).toEqual([
      'spf=none',
      'dkim=pass',
      'dkim=fail',
      'dmarc=none',
      'arc=pass',
    ])
  })

  test('a peer is vouched for by what its clients proved, and is not checked again', async () => {
    const never: Authenticator = { authenticate: () => Promise.reject(new Error('asked')) }
    const check = checkVerify({ authenticator: never, authservId: 'example.org', rejectByPolicy: true })
    const finding = await check(mail('From: lee@example.org', { kind: 'peer', role: 'submission', vouched: 'nothing' }))
    expect(finding).toMatchObject({ origin: { vouched: 'authenticated' }, senderProven: true })
    expect(finding.results).toMatch(/^example\.org;\s+auth=pass smtp\.mailfrom=ann@stranger\.example$/)
  })
})

describe('trust-results', () => {
  const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }
  const check = checkTrustedResults('example.org')
  const vouched = async (header: string) => {
    const { origin } = await check(mail(header, peer))
    return origin?.kind === 'peer' ? origin.vouched : null
  }

  test('reads what the peer wrote below its own Received', async () => {
    expect(await vouched('Received: by mx\nAuthentication-Results: example.org; auth=pass')).toBe('authenticated')
    expect(
      await vouched('Received: by mx\nAuthentication-Results: example.org; spf=pass; dmarc=pass header.from=a.example'),
    ).toBe('dmarc-pass')
    expect(await vouched('Received: by mx\nAuthentication-Results: example.org; spf=pass; dmarc=fail')).toBe(
      'sender-pass',
    )
    expect(await vouched('Received: by mx\nAuthentication-Results: example.org; spf=fail; dmarc=fail')).toBe('nothing')
  })

  test('the sender is proven as at the peer: by login, SPF, or DMARC of his own domain', async () => {
    const proven = async (results: string) =>
      (await check(mail(`Received: by mx\nAuthentication-Results: example.org; ${results}`, peer))).senderProven
    expect(await proven('auth=pass')).toBe(true)
    expect(await proven('spf=pass; dmarc=fail')).toBe(true)
    expect(await proven('spf=fail; dmarc=pass header.from=stranger.example')).toBe(true)
    expect(await proven('spf=fail; dmarc=pass header.from=other.example')).toBe(false)
    expect(await proven('spf=fail; dmarc=pass')).toBe(false)
    expect(await proven('spf=fail; dmarc=fail')).toBe(false)
  })

  test('believes nothing that somebody else could have written', async () => {
    expect(await vouched('Authentication-Results: example.org; auth=pass\nReceived: by mx')).toBe('nothing')
    expect(
      await vouched('Received: by mx\nReceived: by stranger\nAuthentication-Results: example.org; auth=pass'),
    ).toBe('nothing')
    expect(await vouched('Received: by mx\nAuthentication-Results: example.net; auth=pass')).toBe('nothing')
    expect(await vouched('From: lee@example.org')).toBe('nothing')
  })

  test('other origins keep what they are', async () => {
    const finding = await check(mail('Received: by mx\nAuthentication-Results: example.org; auth=pass'))
    expect(finding).toEqual({ verdict: { kind: 'accept' } })
  })
})

describe('author', () => {
  const lee: Origin = { kind: 'user', identity: 'lee' }
  const check = checkAuthor(async (_, address) =>
    address.startsWith('lee@') ? { kind: 'yes', source: 'x:1' } : { kind: 'no', allowed: ['lee@example.org'] },
  )
  const verdict = async (header: string, origin: Origin = lee) => (await check(mail(header, origin))).verdict

  test('every address of From: has to be his', async () => {
    expect((await verdict('From: Lee <lee@example.org>')).kind).toBe('accept')
    expect(await verdict('From: lee@example.org, gina@example.org')).toMatchObject({
      reply: { code: 553, enhanced: '5.7.1' },
    })
    expect(await verdict('From: "lee@example.org" <gina@example.org>')).toMatchObject({ reply: { code: 553 } })
  })

  test('two From: fields, none, or an unreadable one are refused', async () => {
    for (const header of [
      'From: lee@example.org\nFrom: gina@example.org',
      'Subject: no author',
      'From: <lee@example.org',
    ])
      expect(await verdict(header)).toMatchObject({ kind: 'reject', reply: { code: 550, enhanced: '5.6.0' } })
  })

  test('a crowd is no author', async () => {
    const crowd = Array.from({ length: 21 }, (_, i) => `lee@d${i}.example`).join(', ')
    expect(await verdict(`From: ${crowd}`)).toMatchObject({ reply: { code: 550 } })
  })

  test('strangers are not asked here', async () => {
    expect((await verdict('From: anybody@example.org', { kind: 'internet' })).kind).toBe('accept')
  })
})
