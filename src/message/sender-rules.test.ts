import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { contentOf } from '../../test/lib/message.ts'
import { readFields } from './header.ts'
import { longestLine } from './longest-line.ts'
import { authorDomain, hasOneClick, lintMessage, type LintedMessage } from './sender-rules.ts'

const now = Date.UTC(2026, 10, 29, 12)
const good = [
  'From: Press <press@example.org>',
  'To: friend@far.example',
  'Date: Sun, 29 Nov 2026 11:59:00 +0000',
  'Message-ID: <1@example.org>',
  'Subject: News',
  'List-Unsubscribe: <mailto:leave@example.org>, <https://example.org/leave?id=1>',
  'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
]
const fieldsOf = (lines: readonly string[]) => readFields(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))
const lint = (lines: readonly string[], change: Partial<LintedMessage> = {}) =>
  lintMessage({ fields: fieldsOf(lines), longestLine: 80, addsMissing: false, now, ...change })
const without = (name: string) => good.filter((line) => !line.startsWith(`${name}:`))

it('has nothing to say about a good message', () => expect(lint(good)).toEqual([]))

describe('a broken rule', () => {
  it.each([
    ['one-author', [...good, 'From: other@example.org'], 'From: is not clear: 2 From: fields'],
    ['one-author', ['From: a@example.org, b@example.org', ...without('From')], 'From: has 2 addresses, expected one'],
    ['one-author', without('From'), 'From: has no address, expected one'],
    ['single-fields', [...good, 'Subject: again'], '2 subject fields, expected one (RFC 5322 3.6)'],
    ['date', without('Date'), 'Date: is missing'],
    ['date', ['Date: yesterday', ...without('Date')], 'Date: is not a date of RFC 5322 3.3'],
    ['date', ['Date: Tue, 1 Dec 2026 12:00:01 +0000', ...without('Date')], 'Date: is in the future'],
    ['date', ['Date: Sun, 22 Nov 2026 11:59:59 +0000', ...without('Date')], 'Date: is more than a week old'],
    ['message-id', without('Message-ID'), 'Message-ID: is missing'],
    [
      'message-id',
      ['Message-ID: 1@example.org', ...without('Message-ID')],
      'Message-ID: is not of the form <unique@domain> (RFC 5322 3.6.4)',
    ],
    [
      'ascii-header',
      [...without('Subject'), 'Subject: Grüße'],
      '8-bit characters in Subject, expected encoded words (RFC 2047)',
    ],
  ])('%s: %j', (rule, lines, text) => {
    expect(lint(lines)).toEqual([{ rule, applies: 'every', text }])
  })

  it('line-length', () => {
    expect(lint(good, { longestLine: 998 })).toEqual([])
    expect(lint(good, { longestLine: 999 })).toMatchObject([{ rule: 'line-length' }])
  })

  it('is none if the node adds the field', () => {
    const lines = good.filter((line) => !/^(?:Date|Message-ID):/.test(line))
    expect(lint(lines, { addsMissing: true })).toEqual([])
  })
})

describe('one click to unsubscribe', () => {
  it.each([
    [without('List-Unsubscribe'), 'List-Unsubscribe: is missing (RFC 8058 3.1)'],
    [
      ['List-Unsubscribe: <mailto:x@example.org>', ...without('List-Unsubscribe')],
      'List-Unsubscribe: has no https link (RFC 8058 3.1)',
    ],
    [
      ['List-Unsubscribe: <http://example.org/>', ...without('List-Unsubscribe')],
      'List-Unsubscribe: has no https link (RFC 8058 3.1)',
    ],
    [without('List-Unsubscribe-Post'), 'List-Unsubscribe-Post: List-Unsubscribe=One-Click is missing (RFC 8058 3.1)'],
  ])('%j', (lines, text) => {
    expect(lint(lines)).toEqual([{ rule: 'one-click', applies: 'bulk', text }])
    expect(hasOneClick(fieldsOf(lines))).toBe(false)
  })

  it('is complete', () => expect(hasOneClick(fieldsOf(good))).toBe(true))
})

it('knows the domain of an only author', () => {
  expect(authorDomain(fieldsOf(good))).toBe('example.org')
  expect(authorDomain(fieldsOf(['From: a@example.org, b@example.net']))).toBeNull()
  expect(authorDomain(fieldsOf(['Subject: x']))).toBeNull()
})

describe('the longest line', () => {
  const whole = (body: string) => contentOf({ header: Buffer.from('A: 1\r\n\r\n'), body: Buffer.from(body) })

  it.each([
    ['', 4],
    ['12345\r\n', 5],
    ['12345', 5],
    ['12345\n', 5],
    ['12345\r', 6],
    [`${'x'.repeat(2000)}\r\nshort\r\n`, 2000],
  ])('of %j', async (body, length) => {
    expect(await longestLine(whole(body))).toBe(length)
  })

  it('is the same however the body is divided', async () => {
    const body = `12\r\n${'y'.repeat(30)}\r\nz\r\n`
    const content = whole(body)
    for (let at = 1; at < body.length; at++) {
      const openBody = () => Readable.from([Buffer.from(body.slice(0, at)), Buffer.from(body.slice(at))])
      expect(await longestLine({ header: content.header, bodySize: body.length, openBody })).toBe(30)
    }
  })
})
