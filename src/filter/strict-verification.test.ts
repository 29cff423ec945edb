// The syntax rules of DKIM, ARC and DMARC, one by one. Every signature here verifies, so that only the rule can refuse it.

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bodyHash, handMadeKey, keyText, signField } from '../../test/lib/hand-made-signature.ts'
import { contentOf } from '../../test/lib/message.ts'
import { type Authority, startAuthority } from '../demo/authority.ts'
import { createStubResolver } from '../dns/stub.ts'
import { verifyEverywhere } from '../../test/lib/verify-everywhere.ts'

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

const now = Date.UTC(2026, 10, 21)
const seconds = now / 1000
const from = 'From: ann@example.org'
const body = 'Hello\r\n'
const p = keyText(handMadeKey.publicKey)
const hash = `bh=${bodyHash(body)}`
const usual = `v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from; ${hash}`

beforeEach(() => {
  dns.zone.clear()
  dns.zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=reject' })
  dns.zone.set('s._domainkey.example.org', { TXT: `v=DKIM1; p=${p}` })
})

function authenticate(header: string, text = body) {
  const resolver = createStubResolver({ servers: [dns], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
  return verifyEverywhere(resolver).authenticate({
    remoteIp: '192.0.2.1',
    helo: 'helo.example',
    sender: 'eve@evil.example',
    content: contentOf({ header: Buffer.from(header), body: Buffer.from(text) }),
    authservId: 'mx.example',
    now,
  })
}

/** The verification of a message signed with these tags. */
function signed(tags: string, text = body) {
  return authenticate(`${signField(`DKIM-Signature: ${tags}; b=`, [from])}${from}\r\n\r\n`, text)
}

async function expectRefused(found: ReturnType<typeof authenticate>, result: string, comment: string) {
  expect(await found).toMatchObject({
    dkim: [{ result, comment }],
    dmarc: { result: 'fail', policy: 'reject', dkimAligned: false },
  })
}

const without = (tag: string) =>
  usual
    .split('; ')
    .filter((one) => !one.startsWith(`${tag}=`))
    .join('; ')

describe('the tags of a DKIM-Signature', () => {
  test.each([
    ['the usual ones', usual],
    ['one more that is unknown (RFC 6376 3.2)', `${usual}; x_note=hello`],
    ['a fold and blanks around them', usual.replaceAll('; ', ' ;\r\n\t').replaceAll('h=', 'h = ')],
    ['i= of a subdomain (3.5)', `${usual}; i=bob@mail.example.org`],
    ['a time and a later end (3.5)', `${usual}; t=${seconds - 10}; x=${seconds + 10}`],
    ['a query method that is known (3.5)', `${usual}; q=other:dns/txt`],
    ['l= of the whole body (3.5)', `${usual}; l=${body.length}`],
    ['a field that is absent (5.4)', usual.replace('h=from', 'h=From : Sender:from')],
  ])('pass with %s', async (_what, tags) => {
    expect(await signed(tags)).toMatchObject({
      dkim: [{ result: 'pass' }],
      dmarc: { result: 'pass', dkimAligned: true },
    })
  })

  const syntax = 'signature syntax error'
  test.each([
    ['v= is absent (RFC 6376 3.5)', without('v'), 'signature missing required tag'],
    ['v= is not 1 (3.5)', usual.replace('v=1', 'v=2'), 'incompatible version'],
    ['v= is 01 (3.5)', usual.replace('v=1', 'v=01'), 'incompatible version'],
    ['d= is given twice (3.2)', `${usual}; d=example.org`, syntax],
    ['an unknown tag is given twice (3.2)', `${usual}; note=a; note=b`, syntax],
    ['a tag is empty (3.2)', usual.replace('; d=', ';; d='), syntax],
    ['a tag has no equals sign (3.2)', `${usual}; note`, syntax],
    ['a tag name is not one (3.2)', `${usual}; 1=a`, syntax],
    ['tag names are in capitals (3.2)', usual.replace('d=', 'D='), 'signature missing required tag'],
    ['a= is absent (3.5)', without('a'), 'unknown algorithm'],
    ['a= is unknown (6.1.1)', usual.replace('rsa-sha256', 'rsa-sha512'), 'unknown algorithm'],
    ['c= is unknown (3.5)', usual.replace('c=relaxed', 'c=nofws'), 'unknown canonicalization'],
    ['bh= is absent (3.5)', without('bh'), 'signature missing required tag'],
    ['bh= is no base64 (3.5)', usual.replace(hash, `${hash}*`), syntax],
    ['h= is absent (3.5)', without('h'), 'signature missing required tag'],
    ['h= is empty (3.5)', usual.replace('h=from', 'h='), syntax],
    ['h= has an empty name (3.5)', usual.replace('h=from', 'h=from::to'), syntax],
    ['h= lacks From (6.1.1)', usual.replace('h=from', 'h=to'), 'From field not signed'],
    ['s= is absent (3.5)', without('s'), 'signature missing required tag'],
    ['d= has one label (3.5)', usual.replace('d=example.org', 'd=org'), syntax],
    ['i= is outside d= (6.1.1)', `${usual}; i=@evil.example`, 'domain mismatch'],
    ['i= only ends like d= (6.1.1)', `${usual}; i=@evilexample.org`, 'domain mismatch'],
    ['i= has no domain (3.5)', `${usual}; i=ann`, syntax],
    ['t= is no number (3.5)', `${usual}; t=today`, syntax],
    ['x= is negative (3.5)', `${usual}; x=-1`, syntax],
    ['x= is before t= (3.5)', `${usual}; t=${seconds - 10}; x=${seconds - 20}`, 'invalid expiration'],
    ['x= is past (6.1.1)', `${usual}; x=${seconds - 1}`, 'expired'],
    ['l= is no number (3.5)', `${usual}; l=7.5`, syntax],
    ['l= is larger than the body (3.5)', `${usual}; l=8`, 'l=8 is larger than the body of 7 octets'],
    ['q= has no known method (3.5)', `${usual}; q=dns/spf`, 'unsupported query method'],
  ])('are refused where %s', async (_what, tags, comment) => {
    await expectRefused(signed(tags), 'neutral', comment)
  })

  test('are refused where b= is no base64 (RFC 6376 3.5)', async () => {
    const field = signField(`DKIM-Signature: ${usual}; b=`, [from]).replace('; b=', '; b=*')
    await expectRefused(authenticate(`${field}${from}\r\n\r\n`), 'neutral', syntax)
  })

  test('never pass for text that l= leaves unsigned (RFC 6376 8.2)', async () => {
    await expectRefused(
      signed(`${usual}; l=${body.length}`, `${body}Pay me.\r\n`),
      'policy',
      'l=7 leaves 9 octets unsigned',
    )
    const nothing = usual.replace(hash, `bh=${bodyHash('')}`)
    await expectRefused(signed(`${nothing}; l=0`), 'policy', 'l=0 leaves 7 octets unsigned')
  })

  test('one refused signature does not spoil another', async () => {
    const good = signField(`DKIM-Signature: ${usual}; b=`, [from])
    const bad = signField(`DKIM-Signature: ${without('v')}; b=`, [from])
    const found = await authenticate(`${bad}${good}${from}\r\n\r\n`)
    expect(found.dkim.map((one) => one.result)).toEqual(['neutral', 'pass'])
    expect(found.dmarc.result).toBe('pass')
  })
})

describe('a key record', () => {
  const record = (text: string) => dns.zone.set('s._domainkey.example.org', { TXT: text })

  test.each([
    ['of the key alone (RFC 6376 3.6.1)', `p=${p}`],
    ['with the obsolete g=, which is ignored (3.6.1)', `v=DKIM1; g=bob; p=${p}`],
    ['of our services and hashes (3.6.1)', `v=DKIM1; k=rsa; h=sha1:sha256; s=email:other; t=y; p=${p}; n=note`],
    ['of every service (3.6.1)', `v=DKIM1; s=*; p=${p};`],
  ])('is used: %s', async (_what, text) => {
    record(text)
    expect((await signed(usual)).dkim).toMatchObject([{ result: 'pass' }])
  })

  test.each([
    ['another version (RFC 6376 3.6.1)', `v=DKIM2; p=${p}`, 'unknown key version'],
    ['a version that is not first (3.6.1)', `p=${p}; v=DKIM1`, 'unknown key version'],
    ['a tag twice (3.2)', `v=DKIM1; p=${p}; p=${p}`, 'invalid public key'],
    ['an unknown tag twice (3.2)', `v=DKIM1; n=a; n=b; p=${p}`, 'invalid public key'],
    ['an empty p=, which revokes (3.6.1)', 'v=DKIM1; p=', 'invalid public key'],
    ['no p= (3.6.1)', 'v=DKIM1; k=rsa', 'invalid public key'],
    ['p= in capitals (3.2)', `v=DKIM1; P=${p}`, 'invalid public key'],
    ['an unknown k= (3.6.1)', `v=DKIM1; k=dsa; p=${p}`, 'unknown key type'],
    ['a k= that is not that of a= (6.1.2)', `v=DKIM1; k=ed25519; p=${p}`, 'unknown key type'],
    ['an h= without our hash (6.1.2)', `v=DKIM1; h=sha1; p=${p}`, 'inappropriate hash algorithm'],
    ['an s= without email (3.6.1)', `v=DKIM1; s=tlsrpt; p=${p}`, 'key not for email'],
  ])('is refused with %s', async (_what, text, comment) => {
    record(text)
    await expectRefused(signed(usual), 'neutral', comment)
  })

  test('with t=s takes i= of its very domain only (RFC 6376 3.6.1)', async () => {
    record(`v=DKIM1; t=y:s; p=${p}`)
    for (const tags of [usual, `${usual}; i=@example.org`, `${usual}; i=bob@EXAMPLE.org`])
      expect((await signed(tags)).dkim).toMatchObject([{ result: 'pass' }])
    await expectRefused(signed(`${usual}; i=bob@mail.example.org`), 'neutral', 'domain mismatch')
  })

  test('with an expensive exponent is never used', async () => {
    const { n = '' } = handMadeKey.publicKey.export({ format: 'jwk' })
    const key = createPublicKey({ key: { kty: 'RSA', n, e: n.replace(/.$/, '8') }, format: 'jwk' })
    record(`v=DKIM1; p=${keyText(key)}`)
    await expectRefused(signed(usual), 'policy', 'RSA exponent of 2048 bits, at most 33 are used')
  })

  test('below 1024 bits is too short (RFC 8301 3.2)', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1016 })
    record(`v=DKIM1; p=${keyText(weak.publicKey)}`)
    const field = signField(`DKIM-Signature: ${usual}; b=`, [from], weak.privateKey)
    const found = await authenticate(`${field}${from}\r\n\r\n`)
    expect(found).toMatchObject({ dkim: [{ result: 'policy' }], dmarc: { result: 'fail' } })
  })
})

describe('an ARC set (RFC 8617)', () => {
  const names = 'd=example.org; s=s; a=rsa-sha256'
  const parts = {
    results: 'ARC-Authentication-Results: i=1; mx.example.org; dmarc=pass',
    message: `ARC-Message-Signature: i=1; ${names}; c=relaxed/relaxed; h=from; ${hash}; b=`,
    seal: `ARC-Seal: i=1; ${names}; cv=none; b=`,
  }

  async function chain(change: (set: typeof parts) => typeof parts, more = '') {
    const { results, message, seal } = change(parts)
    const signature = signField(message, [from])
    const sealed = signField(seal, [results, signature.trimEnd()])
    return (await authenticate(`${sealed}${signature}${results}\r\n${more}${from}\r\n\r\n`)).arc.result
  }

  test('passes as it should be', async () => {
    expect(await chain((set) => set)).toBe('pass')
  })

  const change = (part: keyof typeof parts, text: string, by: string) => (set: typeof parts) => ({
    ...set,
    [part]: set[part].replace(text, by),
  })
  test.each([
    ['a tag of the seal twice (4.1.3)', change('seal', '; b=', '; s=s; b=')],
    ['an unknown tag of the seal twice (4.1.3)', change('seal', '; b=', '; n=a; n=b; b=')],
    ['a seal with h= (4.1.3)', change('seal', '; b=', '; h=from; b=')],
    ['a seal without cv= (4.1.3)', change('seal', 'cv=none; ', '')],
    ['a first seal with cv=pass (5.2)', change('seal', 'cv=none', 'cv=pass')],
    ['a seal with an empty tag (4.1.3)', change('seal', '; b=', ';; b=')],
    ['a seal whose t= is no number (4.1.3)', change('seal', '; b=', '; t=now; b=')],
    ['a seal of rsa-sha1 (4.1.3)', change('seal', 'rsa-sha256', 'rsa-sha1')],
    ['a tag of the signature twice (4.1.2)', change('message', '; b=', '; s=s; b=')],
    ['a signature without h= (4.1.2)', change('message', 'h=from; ', '')],
    ['a signature that covers seals (4.1.2)', change('message', 'h=from', 'h=from:arc-seal')],
    ['an instance of 0 (4.2.1)', change('seal', 'i=1', 'i=0')],
    ['an instance of 01x (4.2.1)', change('message', 'i=1', 'i=1x')],
    ['an instance twice in a field (4.2.1)', change('seal', '; b=', '; i=1; b=')],
    ['results whose instance is not first (4.1.1)', change('results', 'i=1; mx.example.org', 'mx.example.org; i=1')],
  ])('fails with %s', async (_what, by) => {
    expect(await chain(by)).toBe('fail')
  })

  test('fails where one instance has two seals (5.2)', async () => {
    expect(await chain((set) => set, `${parts.seal}AAAA\r\n`)).toBe('fail')
  })

  test('fails where instances have a gap (5.2)', async () => {
    const third = Object.values(parts).map((part) => `${part.replace('i=1', 'i=3')}AAAA\r\n`)
    expect(await chain((set) => set, third.join(''))).toBe('fail')
  })
})

describe('a DMARC record (RFC 9989 4.7)', () => {
  async function by(record: string) {
    dns.zone.set('_dmarc.example.org', { TXT: record })
    return (await authenticate(`${from}\r\n\r\n`)).dmarc
  }

  test.each([
    ['an unknown tag', 'v=DMARC1; p=reject; new=1'],
    ['blanks around its parts', ' v = DMARC1 ; p = reject ; '],
    ['a value in capitals', 'v=DMARC1; p=REJECT'],
    ['a syntax error after its tags, which is ignored', 'v=DMARC1; p=reject; nonsense'],
    ['a value that is none, which counts as its default', 'v=DMARC1; p=reject; adkim=x'],
  ])('is used with %s', async (_what, record) => {
    expect(await by(record)).toMatchObject({ result: 'fail', policy: 'reject' })
  })

  test.each([
    ['a tag twice', 'v=DMARC1; p=reject; p=reject'],
    ['an unknown tag twice', 'v=DMARC1; p=reject; n=a; n=b'],
    ['its version twice', 'v=DMARC1; v=DMARC1; p=reject'],
    ['a version in small letters', 'v=dmarc1; p=reject'],
    ['a version that is not first', 'p=reject; v=DMARC1'],
    ['another version', 'v=DMARC12; p=reject'],
  ])('is no record with %s', async (_what, record) => {
    expect(await by(record)).toMatchObject({ result: 'none', policy: null })
  })

  test('without a policy counts as p=none where it asks for reports (4.10.1)', async () => {
    expect(await by('v=DMARC1; P=reject; rua=mailto:a@example.org')).toMatchObject({ result: 'fail', policy: 'none' })
    expect(await by('v=DMARC1')).toMatchObject({ result: 'none', policy: null })
  })

  test('that is void leaves the one of the parent domain', async () => {
    dns.zone.set('_dmarc.org', { TXT: 'v=DMARC1; p=quarantine; psd=y' })
    expect(await by('v=DMARC1; p=none; p=none')).toMatchObject({ result: 'fail', policy: 'quarantine' })
  })
})
