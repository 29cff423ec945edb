import { createHash, generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { dkimSign } from 'mailauth'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { contentOf } from '../../test/lib/message.ts'
import { verifyEverywhere } from '../../test/lib/verify-everywhere.ts'
import { type Authority, startAuthority } from '../demo/authority.ts'
import type { DkimKey } from '../dkim/key.ts'
import { keyRecord } from '../dkim/key-record.ts'
import { createSigner } from '../dkim/sign.ts'
import { createStubResolver } from '../dns/stub.ts'
import { systemClock } from '../lib/clock.ts'
import { parseResults } from '../message/results-field.ts'
import { createAuthenticator } from './verify-message.ts'
import type { Authentication, AuthenticationRequest } from './authentication.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

const now = Date.UTC(2026, 10, 21)
const { privateKey } = generateKeyPairSync('ed25519')
const key = (domain: string): DkimKey => ({
  domain,
  selector: 's1',
  algorithm: 'ed25519-sha256',
  privateKey,
  stage: 'active',
  since: null,
  file: '',
})

beforeEach(() => {
  dns.zone.clear()
  dns.zone.set('example.org', { TXT: 'v=spf1 ip4:192.0.2.1 -all exp=why.example.org' })
  dns.zone.set('why.example.org', { TXT: 'mail of %{d} does not come from %{i}' })
  dns.zone.set('mail.example.org', { TXT: 'v=spf1 ip4:192.0.2.1 -all' })
  dns.zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=reject' })
  for (const domain of ['example.org', 'example.net']) {
    const record = keyRecord(key(domain))
    dns.zone.set(record.name, { TXT: record.text })
  }
})

interface Message {
  readonly header: Buffer
  readonly body: Buffer
}

const plain: Message = {
  header: Buffer.from('From: Ann <ann@example.org>\r\nSubject: Hi\r\n\r\n'),
  body: Buffer.from('Hello\r\n'),
}

/** bh= of its body, in both forms: a signature with it needs its key. */
const bodyHash = createHash('sha256').update(plain.body).digest('base64')

async function sign(message: Message, domain = 'example.org'): Promise<Message> {
  const signer = createSigner({ keys: [key(domain)], parents: [] })
  const result = await signer.sign(contentOf(message), { fromDomain: domain, now })
  if (result.kind === 'unsigned') throw new Error(result.reason)
  return { ...message, header: Buffer.concat([result.fields, message.header]) }
}

function authenticate(
  message: Message,
  more: Partial<AuthenticationRequest> = {},
  budgetMs?: number,
): Promise<Authentication> {
  const resolver = createStubResolver({ servers: [dns], timeoutMs: 5_000, tries: 1, trustAuthentic: false })
  const limited = budgetMs !== undefined && createAuthenticator({ clock: systemClock, resolver, budgetMs })
  return (limited || verifyEverywhere(resolver)).authenticate({
    remoteIp: '192.0.2.1',
    helo: 'mail.example.org',
    sender: 'ann@example.org',
    content: contentOf(message, 3),
    authservId: 'mx.example.com',
    now,
    ...more,
  })
}

describe('mail as it should be', () => {
  test('passes in every part', async () => {
    const found = await authenticate(await sign(plain))
    expect(found).toMatchObject({
      spf: { result: 'pass', domain: 'example.org', explanation: null },
      dkim: [{ result: 'pass', domain: 'example.org', selector: 's1', aligned: true, comment: null }],
      dmarc: {
        result: 'pass',
        domain: 'example.org',
        policy: 'reject',
        policyDomain: 'example.org',
        spfAligned: true,
        dkimAligned: true,
      },
      arc: { result: 'none' },
    })
    const parsed = parseResults(found.results)
    expect(parsed).toMatchObject({
      kind: 'results',
      authservId: 'mx.example.com',
      results: [
        { method: 'spf', result: 'pass', properties: [{ name: 'smtp.mailfrom', value: 'ann@example.org' }] },
        { method: 'dkim', result: 'pass' },
        { method: 'dmarc', result: 'pass' },
      ],
    })
    expect(found.results).toMatch(
      /header\.d=example\.org header\.s=s1 header\.a=ed25519-sha256 header\.b=\S{8,12} policy\.aligned=yes;/,
    )
    expect(found.results).toContain('dmarc=pass header.from=example.org policy.dmarc=reject')
    for (const line of found.results.split('\r\n')) expect(line.length).toBeLessThan(200)
  })

  test('a null sender is checked by its HELO name (RFC 7208 2.4)', async () => {
    const found = await authenticate(plain, { sender: null })
    expect(found.spf).toMatchObject({ result: 'pass', domain: 'mail.example.org' })
    expect(found.results).toContain('spf=pass smtp.helo=mail.example.org')
    expect(found.dmarc).toMatchObject({ result: 'pass', spfAligned: true, dkimAligned: false })
  })
})

describe('forgeries', () => {
  test('of an address fail SPF with the explanation, and DMARC', async () => {
    const found = await authenticate(plain, { remoteIp: '198.51.100.1' })
    expect(found.spf).toEqual({
      result: 'fail',
      domain: 'example.org',
      explanation: 'mail of example.org does not come from 198.51.100.1',
    })
    expect(found.dkim).toEqual([])
    expect(found.dmarc).toMatchObject({ result: 'fail', policy: 'reject', spfAligned: false })
    expect(found.results).toContain('dkim=none')
  })

  test('by changing the body are a failed signature (RFC 8601 2.7.1), not a neutral one', async () => {
    const found = await authenticate({ ...(await sign(plain)), body: Buffer.from('Hallo\r\n') }, { remoteIp: '::1' })
    expect(found.dkim).toMatchObject([{ result: 'fail', comment: 'body hash did not verify' }])
    expect(found.results).toContain('dkim=fail reason="body hash did not verify"')
    expect(found.dmarc.result).toBe('fail')
  })

  test('with a valid signature of another domain do not align', async () => {
    const found = await authenticate(await sign(plain, 'example.net'), { sender: 'eve@example.net' })
    expect(found.dkim).toMatchObject([{ result: 'pass', domain: 'example.net', aligned: false }])
    expect(found.dmarc).toMatchObject({ result: 'fail', dkimAligned: false, spfAligned: false })
  })

  test('with two authors are no author at all (RFC 9989 5.3.1)', async () => {
    const header = Buffer.concat([Buffer.from('From: eve@example.net\r\n'), plain.header])
    const found = await authenticate({ ...plain, header })
    expect(found.dmarc).toMatchObject({ result: 'permerror', domain: null })
    expect(found.results).toContain('dmarc=permerror reason="2 From: fields"')
  })

  test('cannot write results', async () => {
    const sender = '"a; dmarc=pass\r\n b"@example.net'
    const found = await authenticate(plain, { sender, helo: 'x\r\nX: y' })
    expect(found.results.split('\r\n').every((line, i) => i === 0 || line.startsWith('\t'))).toBe(true)
    const parsed = parseResults(found.results)
    if (parsed.kind === 'bad') throw new Error(parsed.problem)
    expect(parsed.results.filter((one) => one.method === 'dmarc').map((one) => one.result)).not.toContain('pass')
  })

  test('cannot evade the policy with a broken DNS', async () => {
    dns.zone.set('evil.example', { fail: 'SERVFAIL' })
    const header = Buffer.from(
      `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=evil.example; s=s1; h=from; bh=${bodyHash}; b=AAAA\r\n`,
    )
    const message = { ...plain, header: Buffer.concat([header, plain.header]) }
    const found = await authenticate(message, { sender: 'eve@evil.example' })
    expect(found.spf.result).toBe('temperror')
    expect(found.dmarc).toMatchObject({ result: 'fail', policy: 'reject' })
  })
})

describe('a forger cannot leave the policy open', () => {
  const signature = (tags: string): string =>
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; ${tags}; h=from; bh=${bodyHash}; b=AAAA\r\n`
  const forged = (fields: string) =>
    authenticate(
      { ...plain, header: Buffer.concat([Buffer.from(fields), plain.header]) },
      { remoteIp: '198.51.100.1', sender: 'eve@evil.example' },
      1_500,
    )

  test.each([
    ['a tag in capitals', (i: number) => `D=slow${i}.example; S=s`],
    ['a fold within', (i: number) => `d=slow${i}.\r\n example; s=s`],
    ['a tag twice', (i: number) => `d=fast.example; s=s; d=slow${i}.example`],
  ])('by ten slow signatures with %s', async (_how, tags) => {
    for (let i = 0; i < 10; i++) {
      for (const domain of [`slow${i}.example`, `slow${i}. example`])
        dns.zone.set(`s._domainkey.${domain}`, { fail: 'TIMEOUT' })
    }
    const found = await forged(Array.from({ length: 10 }, (_, i) => signature(tags(i))).join(''))
    expect(found.dkim).toHaveLength(10)
    expect(found.dmarc).toMatchObject({ result: 'fail', policy: 'reject' })
  })

  test.each([`${'a'.repeat(64)}.example.org`, 'a..example.org'])(
    'by a signature of %s, a name that cannot exist',
    async (domain) => {
      const found = await forged(signature(`d=${domain}; s=s`))
      expect(found.dkim).toMatchObject([{ result: 'neutral', comment: 'signature syntax error' }])
      expect(found.dmarc).toMatchObject({ result: 'fail', policy: 'reject' })
    },
  )

  test('by a very long name, which is cut', async () => {
    const labels = 'x.'.repeat(20_000)
    const header = Buffer.from(
      `${signature(`d=${labels}evil.example; s=${labels}`)}From: a@${labels}example.org\r\n\r\n`,
    )
    const { dkim, dmarc } = await authenticate({ ...plain, header }, { sender: 'eve@evil.example' })
    expect(dmarc).toMatchObject({ result: 'fail', policy: 'reject', domain: labels.slice(0, 320) })
    expect(dkim.map((one) => one.domain.length + one.selector.length)).toEqual([640])
  })

  test('by an ARC set whose key does not come', async () => {
    for (const selector of ['m', 's']) dns.zone.set(`${selector}._domainkey.slow.example`, { fail: 'TIMEOUT' })
    const tags = 'i=1; a=rsa-sha256; d=slow.example; b=AAAA'
    const found = await forged(
      `ARC-Seal: ${tags}; cv=none; s=s\r\n${signature('d=slow.example; s=m').replace('DKIM-Signature: v=1', 'ARC-Message-Signature: i=1')}ARC-Authentication-Results: i=1; x; none\r\n`,
    )
    expect(found.arc.result).toBe('fail')
    expect(found.dmarc).toMatchObject({ result: 'fail', policy: 'reject' })
  })
})

describe('the DNS failing', () => {
  test('for SPF of the author leaves DMARC open, not failed', async () => {
    dns.zone.set('example.org', { fail: 'SERVFAIL' })
    const found = await authenticate(plain)
    expect(found.spf.result).toBe('temperror')
    expect(found.dmarc).toMatchObject({ result: 'temperror', policy: null })
  })

  test('for the key of the author too', async () => {
    const message = await sign(plain)
    dns.zone.set('s1._domainkey.example.org', { fail: 'SERVFAIL' })
    const found = await authenticate(message, { sender: 'list@example.com' })
    expect(found.dkim).toMatchObject([{ result: 'temperror' }])
    expect(found.dmarc.result).toBe('temperror')
  })

  test('for the policy is temperror', async () => {
    dns.zone.set('_dmarc.example.org', { fail: 'SERVFAIL' })
    expect((await authenticate(plain)).dmarc).toMatchObject({ result: 'temperror', policy: null })
  })

  test('silent, everything ends within the budget', async () => {
    const message = await sign(plain)
    for (const name of ['example.org', 's1._domainkey.example.org', '_dmarc.example.org']) {
      dns.zone.set(name, { fail: 'TIMEOUT' })
    }
    const before = processorMs()
    const found = await authenticate(message, {}, 400)
    expect(processorMs() - before).toBeLessThan(3_000)
    expect(found).toMatchObject({ spf: { result: 'temperror' }, dmarc: { result: 'temperror' } })
    expect(found.dkim).toMatchObject([{ result: 'temperror' }])
  })

  test('slow for ten foreign signatures does not use up the time of the author', async () => {
    const foreign = Array.from({ length: 9 }, (_, i) => {
      dns.zone.set(`s._domainkey.slow${i}.example`, { fail: 'TIMEOUT' })
      return `DKIM-Signature: v=1; a=rsa-sha256; d=slow${i}.example; s=s; h=from; bh=${bodyHash}; b=AAAA\r\n`
    })
    const message = await sign(plain)
    const header = Buffer.concat([Buffer.from(foreign.join('')), message.header])
    const found = await authenticate({ ...message, header }, { remoteIp: '198.51.100.1' }, 3_000)
    expect(found.dkim.at(-1)).toMatchObject({ result: 'pass', domain: 'example.org' })
    expect(found.dmarc.result).toBe('pass')
  })
})

describe('what is too much', () => {
  test('eleven signatures: policy, and DMARC by SPF alone', async () => {
    const signed = await sign(plain)
    const fields = signed.header.subarray(0, signed.header.length - plain.header.length)
    const header = Buffer.concat([...Array.from({ length: 11 }, () => fields), plain.header])
    const found = await authenticate({ ...plain, header })
    expect(found.dkim).toMatchObject([{ result: 'policy', comment: expect.stringContaining('11 signatures') }])
    expect(found.dmarc).toMatchObject({ result: 'pass', spfAligned: true, dkimAligned: false })
    expect(found.results).toContain('dkim=policy')
  })

  test('forty thousand folded lines cost no time', async () => {
    const header = Buffer.concat([Buffer.from(`X: ${'\r\n a'.repeat(40_000)}\r\n`), plain.header])
    const before = processorMs()
    const found = await authenticate({ ...plain, header })
    expect(processorMs() - before).toBeLessThan(2_000)
    expect(found.dkim).toMatchObject([{ result: 'policy' }])
    expect(found.dmarc.result).toBe('pass')
  })

  test('fifty-one ARC sets are a failed chain (RFC 8617 4.2.1)', async () => {
    const header = Buffer.concat([Buffer.from('ARC-Seal: i=1\r\n'.repeat(51)), plain.header])
    const found = await authenticate({ ...plain, header })
    expect(found.arc.result).toBe('fail')
    expect(found.results).toContain('arc=fail reason="51 ARC sets')
  })
})

describe('never throws', () => {
  test('a body that cannot be read is temperror', async () => {
    const { header } = await sign(plain)
    const content = {
      header,
      bodySize: 5,
      openBody: () =>
        new Readable({
          read() {
            this.destroy(new Error('disk'))
          },
        }),
    }
    const found = await authenticate(plain, { content }, 10_000)
    expect(found.dkim).toMatchObject([{ result: 'temperror' }])
    expect(found.dmarc.result).toBe('temperror')
  })

  test.each([
    ['an address that is none', { remoteIp: 'nonsense' }],
    ['an empty HELO', { helo: '', sender: null }],
    ['a sender without domain', { sender: 'root' }],
    ['an authserv-id that is no token', { authservId: 'mx; x=y' }],
  ])('%s', async (_what, more) => {
    const found = await authenticate(plain, more)
    expect(parseResults(found.results).kind).toBe('results')
  })

  test('whatever the header holds, and what it says can be read back', async () => {
    const name = fc.constantFrom(
      'From',
      'DKIM-Signature',
      'ARC-Seal',
      'ARC-Message-Signature',
      'ARC-Authentication-Results',
    )
    const tag = fc.tuple(
      fc.constantFrom('v', 'a', 'b', 'bh', 'd', 's', 'h', 'i', 'l', 't', 'x', 'c', 'cv'),
      fc.string(),
    )
    const tags = fc
      .array(tag, { maxLength: 8 })
      .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join(';'))
    const value = fc.oneof(fc.string({ unit: 'binary' }), tags, fc.constantFrom('rsa-sha256', 'ann@example.org'))
    const field = fc.tuple(name, value).map(([key, text]) => `${key}: ${text.replace(/[\r\n]+/g, ' ')}\r\n`)
    await fc.assert(
      fc.asyncProperty(fc.array(field, { maxLength: 6 }), fc.string({ unit: 'binary' }), async (fields, text) => {
        const header = Buffer.from(`${fields.join('')}\r\n`)
        const found = await authenticate({ header, body: Buffer.from(text) }, { sender: text, helo: text })
        expect(parseResults(found.results).kind).toBe('results')
        expect(found.results).not.toMatch(/\r\n(?![ \t])|[^\r]\n/)
      }),
      { numRuns: 60 },
    )
  }, 180_000)

  test('a message without anything', async () => {
    const found = await authenticate({ header: Buffer.alloc(0), body: Buffer.alloc(0) })
    expect(found.dmarc).toMatchObject({ result: 'permerror' })
  })
})

describe('weak and old', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const options = { signingDomain: 'example.org', selector: 'rsa', signTime: new Date(now) }
  const whole = Buffer.concat([plain.header, plain.body])

  async function signedElsewhere(more: { algorithm?: string; expires?: Date }): Promise<Message> {
    const record = keyRecord({ domain: 'example.org', selector: 'rsa', algorithm: 'rsa-sha256', privateKey: rsa })
    dns.zone.set(record.name, { TXT: record.text })
    const pem = rsa.export({ type: 'pkcs8', format: 'pem' })
    const { signatures } = await dkimSign(whole, {
      ...options,
      ...more,
      signatureData: [{ ...options, ...more, privateKey: pem }],
    } as never)
    return { ...plain, header: Buffer.concat([Buffer.from(signatures), plain.header]) }
  }

  test('rsa-sha1 is not verified (RFC 8301 3.1)', async () => {
    const found = await authenticate(await signedElsewhere({ algorithm: 'rsa-sha1' }))
    expect(found.dkim).toMatchObject([{ result: 'policy' }])
    expect(found.dmarc.dkimAligned).toBe(false)
  })

  test('a signature is judged at the time given, not at the clock', async () => {
    const message = await signedElsewhere({ expires: new Date(now + 60_000) })
    expect((await authenticate(message)).dkim).toMatchObject([{ result: 'pass' }])
    const later = await authenticate(message, { now: now + 120_000 })
    expect(later.dkim).toMatchObject([{ result: 'neutral', comment: 'expired' }])
  })
})
