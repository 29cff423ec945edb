// Our signatures read by verifiers that others wrote: awkward headers and bodies pass, and every change is noticed.

import { generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { DkimAlgorithm, DkimKey } from '../../src/dkim/key.ts'
import { keyRecord } from '../../src/dkim/key-record.ts'
import { createSigner } from '../../src/dkim/sign.ts'
import { verifyWithDkimpy, verifyWithOpendkim } from '../lib/peers/dkim-verifiers.ts'
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
