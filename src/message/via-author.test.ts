// Authors under our name: every way to write a From: becomes one address of ours that readers and parsers agree on.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMailbox } from '../smtp/mailbox.ts'
import { readAuthors } from './from.ts'
import { fieldsNamed, readFields } from './header.ts'
import { isReplacedByVia, viaAddress, viaFields } from './via-author.ts'

const names = { domain: 'srs.example.org', via: 'example.org' }

function made(header: string, author = 'ann@stranger.example') {
  const bytes = viaFields(readFields(Buffer.from(header)), author, names)
  const fields = readFields(bytes)
  const values = (name: string) => fieldsNamed(fields, name).map((field) => field.value)
  return { from: values('from'), replyTo: values('reply-to'), original: values('x-original-from'), bytes }
}

describe('the author', () => {
  it.each([
    ['Ann <ann@stranger.example>', '"Ann via example.org"'],
    ['"Ann, Dr." <ann@stranger.example>', '"Ann, Dr. via example.org"'],
    ['Ann B. Cole <ann@stranger.example>', '"Ann B. Cole via example.org"'],
    ['"Ann \\"the\\" Cole" <ann@stranger.example>', '"Ann \\"the\\" Cole via example.org"'],
    ['"a \\\\ b" <ann@stranger.example>', '"a \\\\ b via example.org"'],
    ['ann@stranger.example', '"ann at stranger.example via example.org"'],
    ['<ann@stranger.example>', '"ann at stranger.example via example.org"'],
    ['"" <ann@stranger.example>', '"ann at stranger.example via example.org"'],
    ['ann@stranger.example (Ann)', '"ann at stranger.example via example.org"'],
    ['=?utf-8?q?J=C3=B6rg?= <ann@stranger.example>', '=?utf-8?q?J=C3=B6rg?= "via example.org"'],
    ['=?utf-8?q?J=C3=B6rg?= Cole <ann@stranger.example>', '"Cole via example.org"'],
  ])('%s', (from, name) => {
    expect(made(`From: ${from}\r\n`).from).toEqual([`${name} <ann=stranger.example@srs.example.org>`])
  })

  it('with a name in bare UTF-8 is written in ASCII', () => {
    const [from = ''] = made('From: Jörg <ann@stranger.example>\r\n').from
    expect(from).toMatch(/^=\?utf-8\?B\?[\w+/=]+\?= <ann=stranger\.example@srs\.example\.org>$/)
    expect(Buffer.from(from.slice(10), 'base64').toString()).toContain('Jörg via example.org')
  })

  it('with a name without end is cut', () => {
    const [from = ''] = made(`From: "${'long '.repeat(100)}" <ann@stranger.example>\r\n`).from
    expect(from.length).toBeLessThan(220)
    expect(from).toContain('via example.org')
  })

  it('is always one valid address in the given domain', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 200 }).map((text) => `"${text.replace(/["\\\r\n]/g, '')}"`),
      fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !/[\r\n]/.test(text)),
    )
    fc.assert(
      fc.property(name, (text) => {
        const { bytes } = made(`From: ${text} <ann@stranger.example>\r\n`)
        const fields = readFields(bytes).filter((field) => field.key === 'from')
        expect(readAuthors(fields)).toEqual({ addresses: ['ann=stranger.example@srs.example.org'], problems: [] })
      }),
    )
  })
})

describe('answers', () => {
  it('go to the author, byte for byte as written', () => {
    const from = 'From:  "Ann"\r\n <ann@stranger.example>\r\n'
    const { bytes, replyTo, original } = made(from)
    expect(bytes.toString()).toContain('Reply-To:  "Ann"\r\n <ann@stranger.example>\r\n')
    expect(original).toEqual(replyTo)
  })

  it('go where the mail says, if it says so', () => {
    expect(made('From: ann@stranger.example\r\nReply-To: desk@stranger.example\r\n').replyTo).toEqual([])
    const empty = 'From: ann@stranger.example\r\nReply-To: \r\n'
    expect(made(empty).replyTo).toEqual(['ann@stranger.example'])
    expect(readFields(Buffer.from(empty)).map(isReplacedByVia)).toEqual([true, true])
  })
})

describe('the address', () => {
  it.each([
    ['ann@stranger.example', 'ann=stranger.example@srs.example.org'],
    ['a+b=c@stranger.example', 'a+b=c=stranger.example@srs.example.org'],
  ])('of %s', (author, address) => {
    expect(viaAddress(author, 'srs.example.org')).toBe(address)
  })

  it.each(['"a b"@stranger.example', 'jörg@stranger.example', `${'x'.repeat(60)}@stranger.example`])(
    'of %s is a hash, always the same one',
    (author) => {
      const address = viaAddress(author, 'srs.example.org')
      expect(address).toMatch(/^author-[0-9a-f]{32}@srs\.example\.org$/)
      expect(viaAddress(author, 'srs.example.org')).toBe(address)
    },
  )

  it('is always an address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (local) => {
        expect(parseMailbox(viaAddress(`${local}@stranger.example`, 'srs.example.org')).kind).not.toBe('bad')
      }),
    )
  })
})
