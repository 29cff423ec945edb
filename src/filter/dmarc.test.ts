// DMARC by the sections of RFC 9989, and ARC chains of RFC 8617, through the whole authenticator.

import { generateKeyPairSync } from 'node:crypto'
import { sealMessage } from 'mailauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contentOf } from '../../test/lib/message.ts'
import { type Authority, startAuthority, type Zone } from '../demo/authority.ts'
import { keyRecord } from '../dkim/key-record.ts'
import { createStubResolver } from '../dns/stub.ts'
import { verifyEverywhere } from '../../test/lib/verify-everywhere.ts'

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

/** A message by `from` that passes SPF for `sender`. */
async function dmarc(from: string, sender: string, zone: Zone) {
  dns.zone.clear()
  for (const [name, entry] of Object.entries(zone)) dns.zone.set(name, entry)
  const domain = sender.slice(sender.indexOf('@') + 1)
  dns.zone.set(domain, { ...dns.zone.get(domain), TXT: 'v=spf1 ip4:192.0.2.1 -all' })
  return (await authenticate(`From: ${from}\r\n\r\n`, sender)).dmarc
}

function authenticate(header: string, sender: string, body = 'Hello\r\n') {
  const resolver = createStubResolver({ servers: [dns], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
  return verifyEverywhere(resolver).authenticate({
    remoteIp: '192.0.2.1',
    helo: 'helo.example',
    sender,
    content: contentOf({ header: Buffer.from(header), body: Buffer.from(body) }),
    authservId: 'mx.example',
    now: Date.now(),
  })
}

const policy = (text: string): { TXT: string } => ({ TXT: `v=DMARC1; ${text}` })

describe('an author who cannot be judged (RFC 9989 5.3.1, 11.5)', () => {
  test.each([
    ['a@bank.example, eve@evil.example', true],
    ['a@bank.example, eve@[nonsense', true],
    ['both: a@bank.example, eve@evil.example;', true],
    ['MAILER-DAEMON', false],
    ['nobody:;', false],
  ])('%s is said to be several: %s', async (from, severalAuthors) => {
    const found = await dmarc(from, 'eve@evil.example', { '_dmarc.bank.example': policy('p=reject') })
    expect(found).toMatchObject({ result: 'permerror', severalAuthors })
  })
})

describe('an author that the strict reader cannot read', () => {
  const zone: Zone = { '_dmarc.bank.example': policy('p=reject') }

  test.each(['ceo@bank.example>', 'CEO [Bank] <ceo@bank.example>', 'Doe, Ann <ann@bank.example>'])(
    '%s is judged by the policy of the domain that programs show',
    async (from) => {
      const failed = await dmarc(from, 'eve@evil.example', zone)
      expect(failed).toMatchObject({ result: 'fail', policy: 'reject', domain: 'bank.example' })
      expect(failed.problem).not.toBeNull()
      expect(await dmarc(from, 'x@bank.example', zone)).toMatchObject({ result: 'pass', domain: 'bank.example' })
    },
  )

  test('each of several shown domains has a finding', async () => {
    const found = await dmarc('ceo@bank.example <eve@evil.example>', 'eve@evil.example', zone)
    expect(found).toMatchObject({ result: 'permerror', severalAuthors: true, domain: null })
    expect(found.authors.map(({ domain, result, policy }) => [domain, result, policy])).toEqual([
      ['evil.example', 'none', null],
      ['bank.example', 'fail', 'reject'],
    ])
  })

  test('no more than four domains are evaluated, and the others are not forgotten', async () => {
    const from = ['a', 'b', 'c', 'd', 'bank'].map((name) => `x@${name}.example`).join(', ')
    const { authors } = await dmarc(from, 'eve@evil.example', zone)
    expect(authors.map(({ result }) => result)).toEqual(['none', 'none', 'none', 'none', 'permerror'])
  })
})

describe('what the forwarding node must know', () => {
  test('the organizational domain and strict alignment are in the results', async () => {
    dns.zone.clear()
    dns.zone.set('_dmarc.a.example', policy('p=none; aspf=s'))
    const found = await authenticate('From: x@sub.a.example\r\n\r\n', 'eve@evil.example')
    expect(found.results).toContain(
      'dmarc=fail header.from=sub.a.example policy.dmarc=none policy.org-domain=a.example policy.aspf=s',
    )
    expect(found.dmarc.authors).toMatchObject([{ organizationalDomain: 'a.example', strictSpf: true }])
  })
})

describe('a look-up that fails', () => {
  const signed = (domain: string) =>
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA`
  const reject = { '_dmarc.bank.example': policy('p=reject') }

  /** A forgery of bank.example by evil.example. */
  async function undecided(zone: Zone, header = '') {
    const found = await dmarc('ceo@bank.example', 'x@evil.example', zone)
    if (header === '') return found
    return (await authenticate(`${header}\r\nFrom: ceo@bank.example\r\n\r\n`, 'x@evil.example', '')).dmarc
  }

  test('leaves a policy open that is known: the key of an aligned signature', async () => {
    const zone: Zone = { ...reject, 's._domainkey.sub.bank.example': { fail: 'SERVFAIL' } }
    const found = await undecided(zone, signed('sub.bank.example'))
    expect(found).toMatchObject({ result: 'temperror', authors: [{ undecided: { policy: 'reject' } }] })
    expect(await undecided(zone, signed('evil.example'))).toMatchObject({ result: 'fail', policy: 'reject' })
  })

  test.each([
    ['SERVFAIL', false],
    ['TIMEOUT', true],
    ['REFUSED', true],
  ] as const)('leaves an unknown policy open: %s', async (fail, ours) => {
    const found = await undecided({ '_dmarc.bank.example': { fail } })
    expect(found).toMatchObject({ result: 'temperror', policy: null, authors: [{ undecided: { policy: null, ours } }] })
  })

  test('counts the stricter policy where it is unknown whether the domain exists (np)', async () => {
    const zone: Zone = { '_dmarc.bank.example': policy('p=none; np=reject'), 'no.bank.example': { fail: 'SERVFAIL' } }
    const found = await dmarc('ceo@no.bank.example', 'x@evil.example', zone)
    expect(found).toMatchObject({ result: 'temperror', authors: [{ undecided: { policy: 'reject' } }] })
  })

  test('leaves nothing open for a message that SPF of the author domain itself passes', async () => {
    const found = await dmarc('x@a.example', 'x@a.example', { '_dmarc.a.example': { fail: 'TIMEOUT' } })
    expect(found).toMatchObject({ result: 'temperror' })
    expect(found.authors[0]).not.toHaveProperty('undecided')
  })
})

describe('alignment (RFC 9989 4.4)', () => {
  const zone: Zone = { '_dmarc.a.example': policy('p=reject') }

  test('relaxed: a sender below the same organizational domain', async () => {
    expect(await dmarc('x@a.example', 'x@mail.a.example', zone)).toMatchObject({ result: 'pass', spfAligned: true })
    expect(await dmarc('x@sub.a.example', 'x@a.example', zone)).toMatchObject({ result: 'pass' })
    expect(await dmarc('x@a.example', 'x@b.example', zone)).toMatchObject({ result: 'fail', spfAligned: false })
    expect(await dmarc('x@a.example', 'x@evila.example', zone)).toMatchObject({ result: 'fail' })
  })

  test('strict: the very domain', async () => {
    const strict: Zone = { '_dmarc.a.example': policy('p=reject; aspf=s') }
    expect(await dmarc('x@a.example', 'x@a.example', strict)).toMatchObject({ result: 'pass' })
    expect(await dmarc('x@a.example', 'x@mail.a.example', strict)).toMatchObject({ result: 'fail' })
  })

  test('two organisations below one public suffix (psd=y) do not align', async () => {
    const suffix: Zone = { '_dmarc.bank': policy('p=none; psd=y'), '_dmarc.giant.bank': policy('p=reject') }
    expect(await dmarc('x@giant.bank', 'x@mega.bank', suffix)).toMatchObject({ result: 'fail' })
    expect(await dmarc('x@giant.bank', 'x@mail.giant.bank', suffix)).toMatchObject({ result: 'pass' })
  })
})

describe('which policy (RFC 9989 4.7, 4.10)', () => {
  test('p of the author domain, sp of its parent, np where it does not exist', async () => {
    const zone: Zone = {
      '_dmarc.a.example': policy('p=none; sp=quarantine; np=reject'),
      'there.a.example': { A: '192.0.2.9' },
    }
    const by = async (from: string) => (await dmarc(from, 'x@b.example', zone)).policy
    expect(await by('x@a.example')).toBe('none')
    expect(await by('x@there.a.example')).toBe('quarantine')
    expect(await by('x@gone.a.example')).toBe('reject')
  })

  test('its own record precedes that of the parent, and the domain of the record is reported', async () => {
    const zone: Zone = { '_dmarc.a.example': policy('p=reject'), '_dmarc.sub.a.example': policy('p=none') }
    expect(await dmarc('x@sub.a.example', 'x@b.example', zone)).toMatchObject({
      policy: 'none',
      domain: 'sub.a.example',
      policyDomain: 'sub.a.example',
    })
    expect(await dmarc('x@deep.a.example', 'x@b.example', zone)).toMatchObject({
      policy: 'reject',
      policyDomain: 'a.example',
    })
  })

  test('t=y asks for one step less', async () => {
    const zone: Zone = { '_dmarc.a.example': policy('p=reject; t=y') }
    expect(await dmarc('x@a.example', 'x@b.example', zone)).toMatchObject({ result: 'fail', policy: 'quarantine' })
  })

  test('no record, no policy', async () => {
    expect(await dmarc('x@a.example', 'x@a.example', {})).toMatchObject({
      result: 'none',
      domain: 'a.example',
      policy: null,
      policyDomain: null,
    })
  })

  test('an author in an internationalised domain is asked for in A-labels', async () => {
    const zone: Zone = { '_dmarc.xn--bcher-kva.example': policy('p=reject') }
    const found = await dmarc('x@bücher.example', 'x@b.example', zone)
    expect(found).toMatchObject({ result: 'fail', domain: 'xn--bcher-kva.example' })
  })
})

describe('ARC (RFC 8617)', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const header = 'From: ann@a.example\r\nSubject: Hi\r\n\r\n'

  async function sealed(): Promise<string> {
    const record = keyRecord({ domain: 'list.example', selector: 's', algorithm: 'rsa-sha256', privateKey })
    dns.zone.clear()
    dns.zone.set(record.name, { TXT: record.text })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const seal = {
      signingDomain: 'list.example',
      selector: 's',
      privateKey: pem,
      authResults: 'list.example; spf=pass',
    }
    return (await sealMessage(Buffer.from(`${header}Hello\r\n`), seal)).toString() + header
  }

  test('a chain of one passes and is written down', async () => {
    const found = await authenticate(await sealed(), 'x@list.example')
    expect(found.arc.result).toBe('pass')
    expect(found.results).toContain('arc=pass smtp.remote-ip=192.0.2.1')
  })

  test('a changed body, or a set with a hole, fails', async () => {
    expect((await authenticate(await sealed(), 'x@list.example', 'Hallo\r\n')).arc.result).toBe('fail')
    const hole = (await sealed()).replace(/ARC-Seal:(?:.|\r\n[ \t])*\r\n/, '')
    expect((await authenticate(hole, 'x@list.example')).arc.result).toBe('fail')
  })

  test('never makes DMARC pass', async () => {
    const chain = await sealed()
    dns.zone.set('_dmarc.a.example', policy('p=reject'))
    const found = await authenticate(chain, 'x@list.example')
    expect(found).toMatchObject({ arc: { result: 'pass' }, dmarc: { result: 'fail', policy: 'reject' } })
  })
})
