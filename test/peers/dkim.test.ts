// Our signatures read by verifiers that others wrote: awkward headers and bodies pass, and every change is noticed. Signatures of others
// read by ours, and faults of a signature or key that all of them refuse.

import { generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { DkimAlgorithm, DkimKey } from '../../src/dkim/key.ts'
import { keyRecord } from '../../src/dkim/key-record.ts'
import { createSigner } from '../../src/dkim/sign.ts'
import { verifyEverywhere } from '../lib/verify-everywhere.ts'
import { fakeResolver } from '../lib/fake-resolver.ts'
import { bodyHash, keyText, signField } from '../lib/hand-made-signature.ts'
import { contentOf } from '../lib/message.ts'
import { signWithDkimpy, verifyWithDkimpy, verifyWithOpendkim } from '../lib/peers/dkim-verifiers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

function makeKey(algorithm: DkimAlgorithm): DkimKey {
  const { privateKey } =
    algorithm === 'rsa-sha256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
  const selector = algorithm === 'rsa-sha256' ? 'r1' : 'e1'
  return { domain: 'example.org', selector, algorithm, privateKey, stage: 'active', since: null, file: '' }
}

const keys = [makeKey('rsa-sha256'), makeKey('ed25519-sha256')]
const records = Object.fromEntries(keys.map(keyRecord).map(({ name, text }) => [name, text]))
const usual =
  'From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: one\r\nDate: Sat, 21 Nov 2026 00:00:00 +0000\r\n\r\n'

async function sign(headerText: string, bodyText: string): Promise<Buffer> {
  const header = Buffer.from(headerText)
  const body = Buffer.from(bodyText)
  const content = { header, bodySize: body.length, openBody: () => Readable.from([body]) }
  const signed = await createSigner({ keys, parents: [] }).sign(content, { fromDomain: 'example.org', now: Date.now() })
  if (signed.kind !== 'signed') throw new Error(signed.reason)
  return Buffer.concat([signed.fields, header, body])
}

const messages: [string, string, string][] = [
  ['a usual mail', usual, 'Hello\r\nworld\r\n'],
  ['an empty body', usual, ''],
  ['a body of empty lines', usual, '\r\n\r\n\r\n'],
  ['white space at line ends and within', usual, 'a  \t b \r\n \t\r\nc\r\n\r\n\r\n'],
  ['lines of dots', usual, '.\r\n..\r\n'],
  ['eight-bit text', usual.replace('one', 'schön'), 'Grüße, 日本語\r\n'],
  [
    'folded and oddly spelled fields',
    usual.replace('Subject: one', 'SUBJECT:\tone\r\n\t two  three\r\n  four '),
    'x\r\n',
  ],
  [
    'fields given twice',
    usual.replace('To: bob', 'Reply-To: a@example.org\r\nTo: eve@example.net\r\nTo: bob'),
    'x\r\n',
  ],
  ['a large body', usual, 'The quick brown fox jumps over the lazy dog\r\n'.repeat(20_000)],
]

describe.runIf(ensurePeers(['dkimpy', 'opendkim']))('signatures', () => {
  it.each(messages)('%s: dkimpy passes both, OpenDKIM the RSA one', async (_name, header, body) => {
    const message = await sign(header, body)
    expect(verifyWithDkimpy(message, records, 2)).toEqual(['pass', 'pass'])
    expect(verifyWithOpendkim(message, records)).toMatchObject({ pass: true })
  })

  // OpenDKIM's test mode reads lines and adds the end that is missing; over SMTP there is always one.
  it('a body without a last line end: dkimpy passes both', async () => {
    expect(verifyWithDkimpy(await sign(usual, 'Hello'), records, 2)).toEqual(['pass', 'pass'])
  })

  it.each([
    ['another body', 'world', 'World'],
    ['another author', 'Ann <ann@', 'Ann <eve@'],
    ['another recipient', 'bob@', 'eve@'],
    ['a second From: on top of the first', 'From: Ann', 'From: Eve <eve@example.org>\r\nFrom: Ann'],
    ['a second Subject:', 'Subject: one', 'Subject: zero\r\nSubject: one'],
  ])('%s is noticed by both', async (_name, from, to) => {
    const message = await sign(usual, 'Hello\r\nworld\r\n')
    const changed = Buffer.from(message.toString('latin1').replace(from, to), 'latin1')
    expect(changed.equals(message)).toBe(false)
    expect(verifyWithDkimpy(changed, records, 2)).not.toContain('pass')
    expect(verifyWithOpendkim(changed, records)).toMatchObject({ pass: false })
  })

  it('fails with the key of another domain', async () => {
    const other = Object.fromEntries(
      [makeKey('rsa-sha256'), makeKey('ed25519-sha256')].map(keyRecord).map((one) => [one.name, one.text]),
    )
    const message = await sign(usual, 'x\r\n')
    expect(verifyWithDkimpy(message, other, 2)).not.toContain('pass')
    expect(verifyWithOpendkim(message, other)).toMatchObject({ pass: false })
  })
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const record = `v=DKIM1; k=rsa; p=${keyText(rsa.publicKey)}`

/** Our verdict: the result of the topmost signature. */
async function verifyHere(message: Buffer, txt: string): Promise<string | undefined> {
  const end = message.indexOf('\r\n\r\n') + 4
  const content = contentOf({ header: message.subarray(0, end), body: message.subarray(end) })
  const resolver = fakeResolver({ 'k._domainkey.example.org TXT': [txt] })
  const authenticator = verifyEverywhere(resolver)
  const request = { remoteIp: '192.0.2.1', helo: 'a.example', sender: null, authservId: 'mx.example', now: Date.now() }
  return (await authenticator.authenticate({ ...request, content })).dkim[0]?.result
}

describe.runIf(ensurePeers(['dkimpy', 'opendkim']))('signatures of others', () => {
  const bodies = ['Hello\r\nworld\r\n', '', 'a  \t b \r\n \t\r\nc\r\n\r\n\r\n', 'The quick fox\r\n'.repeat(20_000)]
  it.each([
    ['relaxed/relaxed', null, false],
    ['simple/simple', 'ann@mail.example.org', false],
    ['relaxed/simple', '@example.org', true],
  ])('of dkimpy pass here: %s, i=%s, l=%s', async (canonicalize, identity, length) => {
    for (const body of bodies) {
      const message = Buffer.from(usual + body)
      const key = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
      const field = signWithDkimpy(message, {
        domain: 'example.org',
        selector: 'k',
        key,
        canonicalize,
        identity,
        length,
      })
      expect(await verifyHere(Buffer.concat([Buffer.from(field), message]), record)).toBe('pass')
    }
  })

  const tags = `v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=k; h=from; bh=${bodyHash('Hello\r\n')}`
  const made = (by: string) => {
    const [from] = usual.split('\r\n') as [string]
    return Buffer.from(`${signField(`DKIM-Signature: ${by}; b=`, [from], rsa.privateKey)}${usual}Hello\r\n`)
  }

  it.each([
    ['the usual tags', tags],
    ['an unknown tag', `${tags}; note=a`],
    ['i= of a subdomain', `${tags}; i=@mail.example.org`],
  ])('made by hand pass everywhere: %s', async (_what, by) => {
    const records = { 'k._domainkey.example.org': record }
    expect(verifyWithDkimpy(made(by), records, 1)).toEqual(['pass'])
    expect(verifyWithOpendkim(made(by), records)).toMatchObject({ pass: true })
    expect(await verifyHere(made(by), record)).toBe('pass')
  })

  it.each([
    ['without v=', tags.replace('v=1; ', ''), record],
    ['with v=2', tags.replace('v=1', 'v=2'), record],
    ['with i= outside d=', `${tags}; i=@evil.example`, record],
    ['with h= without From', tags.replace('h=from', 'h=to'), record],
    ['with an end before its time', `${tags}; t=1700000000; x=1600000000`, record],
    ['with an end that is past', `${tags}; x=1700000000`, record],
    ['with a key of another version', tags, record.replace('DKIM1', 'DKIM2')],
    ['with a revoked key', tags, 'v=DKIM1; k=rsa; p='],
  ])('are refused everywhere: %s', async (_what, by, txt) => {
    const records = { 'k._domainkey.example.org': txt }
    expect(verifyWithDkimpy(made(by), records, 1)).not.toEqual(['pass'])
    expect(verifyWithOpendkim(made(by), records)).toMatchObject({ pass: false })
    expect(await verifyHere(made(by), txt)).not.toBe('pass')
  })
  // Debian's OpenDKIM 2.11 takes a tag twice (RFC 6376 3.2), Debian's dkimpy ignores t=s of a key (3.6.1).
  it('are refused here although one peer accepts them: d= twice, and i= of a subdomain with a key of t=s', async () => {
    const twice = made(`${tags}; d=example.org`)
    expect(verifyWithDkimpy(twice, { 'k._domainkey.example.org': record }, 1)).not.toEqual(['pass'])
    expect(await verifyHere(twice, record)).toBe('neutral')
    const below = made(`${tags}; i=@mail.example.org`)
    expect(verifyWithOpendkim(below, { 'k._domainkey.example.org': `${record}; t=s` })).toMatchObject({ pass: false })
    expect(await verifyHere(below, `${record}; t=s`)).toBe('neutral')
  })
})
