import { generateKeyPairSync } from 'node:crypto'
import { dkimVerify } from 'mailauth'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentOf } from '../../test/lib/message.ts'
import type { DkimAlgorithm, DkimKey, KeyStage } from './key.ts'
import { keyRecord } from './key-record.ts'
import { createSigner } from './sign.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey

function key(algorithm: DkimAlgorithm, stage: KeyStage = 'active', domain = 'example.org'): DkimKey {
  const privateKey = algorithm === 'rsa-sha256' ? rsa : ed25519
  return { domain, selector: algorithm.slice(0, 3), algorithm, privateKey, stage, since: null, file: '' }
}

const both = [key('rsa-sha256'), key('ed25519-sha256')]
const now = Date.UTC(2026, 10, 21)

const headers = [
  'From: Ann <ann@example.org>',
  'To: bob@example.net',
  'Subject: Dinner',
  'Date: Sat, 21 Nov 2026 02:26:30 +0000',
  'Message-ID: <1@example.org>',
]

function message(fields: readonly string[], body: string) {
  return { header: Buffer.from(`${fields.join('\r\n')}\r\n\r\n`, 'latin1'), body: Buffer.from(body, 'latin1') }
}

async function signed(parts: { header: Buffer; body: Buffer }, keys = both): Promise<string> {
  const result = await createSigner({ keys, parents: [] }).sign(contentOf(parts, 7), { fromDomain: 'example.org', now })
  if (result.kind === 'unsigned') throw new Error(result.reason)
  return result.fields.toString('latin1')
}

async function results(whole: Buffer): Promise<string[]> {
  const records = new Map(both.map((one) => [keyRecord(one).name, [...keyRecord(one).chunks]]))
  const resolver = async (name: string): Promise<string[][]> => {
    const chunks = records.get(name)
    if (chunks === undefined) throw Object.assign(new Error(name), { code: 'ENOTFOUND' })
    return [chunks]
  }
  const verified = await dkimVerify(whole, { resolver, curTime: now + 1000 })
  return verified.results.map((row) => row.status.result)
}

const join = (fields: string, parts: { header: Buffer; body: Buffer }): Buffer =>
  Buffer.concat([Buffer.from(fields, 'latin1'), parts.header, parts.body])

describe('our signatures verify elsewhere', () => {
  test.each([
    ['a plain message', headers, 'Hello\r\n'],
    ['an empty body', headers, ''],
    ['empty lines at the end', headers, 'Hello\r\n\r\n\r\n'],
    ['no final line end', headers, 'Hello'],
    ['octets above 127', [...headers, 'X-Name: gr\xfc\xdfe'], 'gr\xfc\xdfe\r\n'],
    ['folded fields', [...headers.slice(1), 'From:\r\n Ann\r\n\t<ann@example.org>'], 'Hello\r\n'],
    ['repeated fields', [...headers, 'Subject: Another', 'To: eve@example.net'], 'Hello\r\n'],
    ['long lines', [...headers, `References: ${'<a@example.org> '.repeat(60)}`], `${'x '.repeat(5000)}\r\n`],
    ['an empty field', [...headers, 'Cc:', 'Reply-To: '], 'Hello\r\n'],
    ['a field name in capitals with space', [...headers, 'LIST-UNSUBSCRIBE : <https://example.org/u>'], 'x\r\n'],
  ])('%s', async (_what, fields, body) => {
    const parts = message(fields, body)
    expect(await results(join(await signed(parts), parts))).toEqual(['pass', 'pass'])
  })

  test('whatever the message looks like', async () => {
    const word = fc.stringMatching(/^[!-~]{1,12}$/)
    const space = fc.constantFrom(' ', '  ', '\t', '\r\n ', '\r\n\t')
    const value = fc.array(fc.oneof(word, space), { maxLength: 12 }).map((parts) => parts.join(''))
    const names = fc.constantFrom('Subject', 'To', 'CC', 'X-Other', 'List-Unsubscribe', 'Reply-To', 'mime-version')
    const fields = fc.array(fc.tuple(names, value), { maxLength: 8 })
    const body = fc.array(fc.oneof(word, fc.constantFrom(' ', '\t', '\r\n', '\r\n\r\n')), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fields, body, async (more, lines) => {
        // A fold before nothing but space would make a line that some read as the end of the header.
        const clean = more.map(([name, text]) => `${name}: ${text.replace(/(?:\r\n[ \t]+)+(?=\r\n|$)/g, '')}`)
        const parts = message([...headers.slice(0, 1), ...clean], lines.join(''))
        expect(await results(join(await signed(parts), parts))).toEqual(['pass', 'pass'])
      }),
      { numRuns: 60 },
    )
  })
})

describe('what was changed on the way breaks them', () => {
  const parts = message([...headers, 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'], 'Hello\r\n')
  const fails = ['fail', 'fail']

  test.each(['From', 'To', 'Cc', 'Subject', 'Date', 'Message-ID', 'Reply-To', 'List-Unsubscribe-Post'])(
    'a %s added on top (RFC 6376 8.15)',
    async (name) => {
      const whole = join(await signed(parts), parts)
      expect(await results(Buffer.concat([Buffer.from(`${name}: <eve@example.net>\r\n`), whole]))).toEqual(fails)
    },
  )

  test('a signed field changed, an unsigned one not', async () => {
    const whole = join(await signed(parts), parts).toString('latin1')
    expect(await results(Buffer.from(whole.replace('Dinner', 'Lunch')))).toEqual(fails)
    expect(await results(Buffer.from(`Received: from a by b\r\nX-Spam: no\r\n${whole}`))).toEqual(['pass', 'pass'])
  })

  test('a line added to the body', async () => {
    const whole = join(await signed(parts), parts)
    expect(await results(Buffer.concat([whole, Buffer.from('PS\r\n')]))).toEqual(['neutral', 'neutral'])
  })
})

describe('the field', () => {
  test('has its lines within 78 characters and one signature per key', async () => {
    const parts = message([...headers, 'In-Reply-To: <0@example.net>', 'List-ID: <l.example.org>'], 'Hello\r\n')
    const text = await signed(parts)
    const lines = text.split('\r\n')
    expect(lines.filter((line) => line.startsWith('DKIM-Signature: v=1; a='))).toHaveLength(2)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(78)
    expect(lines.at(-1)).toBe('')
    expect(text).toContain(`t=${now / 1000};`)
    expect(text).not.toMatch(/\bl=|\bx=/)
  })

  test('names every sealed field once more than present', async () => {
    const text = await signed(message([...headers, 'Subject: Again'], ''), [key('ed25519-sha256')])
    const names = /h=([^;]*);/.exec(text)?.[1]?.replace(/\s/g, '').split(':')
    expect(names?.filter((name) => name === 'subject')).toHaveLength(3)
    expect(names?.filter((name) => name === 'from')).toHaveLength(2)
    expect(names?.filter((name) => name === 'cc')).toHaveLength(1)
    expect(names).not.toContain('mime-version')
    expect(names).not.toContain('received')
  })
})

describe('which keys sign', () => {
  test('only active ones', async () => {
    const keys = [key('rsa-sha256', 'published'), key('ed25519-sha256')]
    const text = await signed(message(headers, ''), keys)
    expect(text.match(/a=[a-z0-9-]+/g)).toEqual(['a=ed25519-sha256'])
    expect(createSigner({ keys: [key('rsa-sha256', 'retired')], parents: [] }).signsFor('example.org')).toBe(false)
  })

  test('of the very domain, or of a parent that may', async () => {
    const keys = [key('rsa-sha256'), key('ed25519-sha256', 'active', 'own.example.org')]
    const plain = createSigner({ keys, parents: [] })
    expect(plain.signsFor('EXAMPLE.org')).toBe(true)
    expect(plain.signsFor('host.example.org')).toBe(false)
    expect(plain.signsFor('badexample.org')).toBe(false)
    expect(plain.signsFor('org')).toBe(false)
    const parent = createSigner({ keys, parents: ['Example.org'] })
    expect(parent.signsFor('a.host.example.org')).toBe(true)
    expect(parent.signsFor('badexample.org')).toBe(false)
    const [{ selector }] = keys as [DkimKey]
    expect(plain.hasKey('EXAMPLE.org', selector)).toBe(true)
    expect(plain.hasKey('example.org', 'other')).toBe(false)
    expect(parent.hasKey('host.example.org', selector)).toBe(false)
    const content = contentOf(message(headers, ''))
    const own = await parent.sign(content, { fromDomain: 'own.example.org', now })
    expect(own).toMatchObject({ signatures: [{ domain: 'own.example.org', algorithm: 'ed25519-sha256' }] })
    const below = await parent.sign(content, { fromDomain: 'host.example.org', now })
    expect(below).toMatchObject({ signatures: [{ domain: 'example.org' }] })
  })

  test('none: unsigned, with the reason', async () => {
    const signer = createSigner({ keys: both, parents: [] })
    const result = await signer.sign(contentOf(message(headers, '')), { fromDomain: 'example.net', now })
    expect(result).toEqual({ kind: 'unsigned', reason: 'no active key for example.net' })
  })
})

describe('what is signed already (never twice)', () => {
  const parts = message(headers, 'Hello\r\n')
  const signer = createSigner({ keys: both, parents: [] })
  const signAgain = async (header: string, body = parts.body) =>
    signer.sign(contentOf({ header: Buffer.from(header, 'latin1'), body }), { fromDomain: 'example.org', now: now + 1 })
  const before = async (keys = both): Promise<string> => (await signed(parts, keys)) + parts.header.toString('latin1')

  test('and came through a relay that put its trace on top stays as it is', async () => {
    const again = await signAgain(`Received: from a by b\r\n${await before()}`)
    expect(again).toEqual({ kind: 'unsigned', reason: 'signed for example.org already' })
  })

  test('by one of two keys is signed by the other', async () => {
    const again = await signAgain(await before([key('rsa-sha256')]))
    expect(again).toMatchObject({ kind: 'signed', signatures: [{ algorithm: 'ed25519-sha256' }] })
  })

  test.each([
    ['a changed field', (text: string) => text.replace('Dinner', 'Lunch')],
    ['a signature cut short', (text: string) => text.replace(/(b=.{20}).*/g, '$1')],
    ['no signature at all', (text: string) => text.replace(/b=[^;]*?\r\n(?=\S)/g, 'b=\r\n')],
    ['an l= tag', (text: string) => text.replaceAll('v=1;', 'v=1; l=0;')],
    ['From: left out', (text: string) => text.replaceAll('h=from:from:', 'h=')],
    ['another domain', (text: string) => text.replaceAll('d=example.org', 'd=example.net')],
  ])('with %s is signed again', async (_what, change) => {
    const changed = change(await before())
    expect(changed).not.toBe(await before())
    expect(await signAgain(changed)).toMatchObject({ kind: 'signed', signatures: [{}, {}] })
  })

  test('over another body is signed again', async () => {
    expect(await signAgain(await before(), Buffer.from('Hallo\r\n'))).toMatchObject({ kind: 'signed' })
  })
})
