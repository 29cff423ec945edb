// The messages of RFC 6376 A.2 and RFC 8463 A.3, verified and signed again, and pairs of canonical forms.

import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalBody } from '../../src/dkim/canonical-body.ts'
import { type Canonicalization, canonicalField, signedOctets, splitFields } from '../../src/dkim/canonical-header.ts'
import { type Authority, startAuthority } from '../../src/demo/authority.ts'
import { createStubResolver } from '../../src/dns/stub.ts'
import { verifyEverywhere } from '../lib/verify-everywhere.ts'
import { contentOf } from '../lib/message.ts'
import { suite, wire } from './suites.ts'

interface Case {
  readonly file: string
  readonly signatures: readonly {
    readonly d: string
    readonly s: string
    readonly a: string
    readonly result: string
  }[]
}

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
  const records = JSON.parse(suite('dkim/dns.json') ?? '{}') as Record<string, string[]>
  for (const [name, texts] of Object.entries(records)) dns.zone.set(name, { TXT: texts })
})
afterAll(() => dns.close())

async function verify(message: { header: Buffer; body: Buffer }) {
  const resolver = createStubResolver({ servers: [dns], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
  const { dkim } = await verifyEverywhere(resolver).authenticate({
    remoteIp: '192.0.2.1',
    helo: 'mail.example.org',
    sender: null,
    content: contentOf(message),
    authservId: 'receiver.example',
    now: Date.now(),
  })
  return dkim
}

const lines = (path: string): unknown[] =>
  (suite(path) ?? '').split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))

describe('published signatures', () => {
  const cases = lines('dkim/cases.jsonl') as Case[]
  test.skipIf(cases.length === 0)('are complete', () => {
    expect(cases.flatMap((one) => one.signatures)).toHaveLength(5)
  })

  test.skipIf(cases.length === 0).each(cases)('$file passes, and fails with one octet changed', async (one) => {
    const message = wire(suite(`dkim/${one.file}`) ?? '')
    const results = await verify(message)
    expect(results.map(({ domain, selector, result }) => ({ domain, selector, result }))).toEqual(
      one.signatures.map(({ d, s, result }) => ({ domain: d, selector: s, result })),
    )
    const body = Buffer.from(message.body)
    body[3] = (body[3] as number) ^ 1
    for (const { result } of await verify({ ...message, body })) expect(result).toBe('fail')
    const header = Buffer.from(message.header.toString('latin1').replace('dinner', 'lunch?'), 'latin1')
    for (const { result } of await verify({ ...message, header })) expect(result).toBe('fail')
  })
})

describe('signing again gives the same signature', () => {
  const cases = lines('dkim/cases.jsonl') as Case[]
  const keys = JSON.parse(suite('dkim/keys.json') ?? '{}') as Record<string, Record<string, string>>
  test.skipIf(cases.length === 0)('with every key', () => {
    expect(Object.keys(keys)).toHaveLength(3)
  })

  test.skipIf(cases.length === 0).each(cases)('$file', (one) => {
    const message = wire(suite(`dkim/${one.file}`) ?? '')
    const fields = splitFields(message.header)
    for (const signature of fields.filter((field) => field.name === 'dkim-signature')) {
      const value = (tag: string): string => new RegExp(`[;:]\\s*${tag}=([^;]*)`).exec(signature.raw)?.[1] ?? ''
      const form = (value('c').split('/')[0] || 'simple') as Canonicalization
      const names = value('h')
        .split(':')
        .map((name) => name.trim())
      const raw = signature.raw.replace(/([;:]\s*b=)[^;]*?(;|\r\n$|$)/, '$1$2')
      const octets = signedOctets(fields, names, { raw, form })
      const hash = createHash('sha256')
      const body = canonicalBody((value('c').split('/')[1] || 'simple') as Canonicalization, (piece) =>
        hash.update(piece),
      )
      body.update(message.body)
      body.end()
      expect(hash.digest('base64')).toBe(value('bh').replace(/\s+/g, ''))
      const key = privateKey(keys[`${value('s')}._domainkey.${value('d')}`] ?? {})
      const made =
        value('a') === 'rsa-sha256'
          ? sign('sha256', octets, key)
          : sign(null, createHash('sha256').update(octets).digest(), key)
      expect(made.toString('base64')).toBe(value('b').replace(/\s+/g, ''))
    }
  })
})

function privateKey(key: Record<string, string>): KeyObject {
  if (key['pkcs1_pem']) return createPrivateKey(key['pkcs1_pem'])
  // RFC 8410 7: the seed within its PKCS #8 frame.
  const der = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from(key['seed_base64'] ?? '', 'base64'),
  ])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

describe('canonical forms', () => {
  interface Pair {
    readonly src: string
    readonly alg: Canonicalization
    readonly part: 'header' | 'body'
    readonly in: string
    readonly out: string
    readonly disputed?: boolean
    readonly bare_line_ends?: boolean
  }
  const pairs = (lines('dkim/canonicalization.jsonl') as Pair[]).map((pair, index) => ({ ...pair, index }))
  test.skipIf(pairs.length === 0)('are complete', () => {
    expect(pairs).toHaveLength(89)
  })

  test.skipIf(pairs.length === 0).each(pairs)('$index $src $alg $part', (pair) => {
    const input = pair.bare_line_ends ? pair.in.replace(/\r?\n/g, '\r\n') : pair.in
    if (pair.part === 'header') {
      const made = splitFields(Buffer.from(input, 'utf8')).map((field) => canonicalField(field.raw, pair.alg))
      expect(Buffer.from(made.join(''), 'latin1').toString('utf8')).toBe(pair.out)
      return
    }
    for (const size of [1, 2, 3, 1000]) {
      const pieces: Buffer[] = []
      const body = canonicalBody(pair.alg, (piece) => pieces.push(Buffer.from(piece)))
      const octets = Buffer.from(input, 'utf8')
      for (let at = 0; at < octets.length; at += size) body.update(octets.subarray(at, at + size))
      body.end()
      const made = Buffer.concat(pieces).toString('utf8')
      // RFC 6376 3.4.4 drops all empty lines at the end: of a body of one, nothing is left.
      expect(made).toBe(pair.disputed ? '' : pair.out)
    }
  })
})
