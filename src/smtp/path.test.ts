import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMailbox } from './mailbox.ts'
import { badPath, parsePath, splitArgument } from './path.ts'

describe('splitArgument', () => {
  test.each([
    ['<a@b.example>', '<a@b.example>', []],
    [' <a@b.example> SIZE=1  BODY=8BITMIME ', '<a@b.example>', ['SIZE=1', 'BODY=8BITMIME']],
    ['<>', '<>', []],
    ['<"a> b"@c.example> RET=FULL', '<"a> b"@c.example>', ['RET=FULL']],
    ['<"a\\"> b"@c.example>', '<"a\\"> b"@c.example>', []],
  ])('cuts %s', (text, path, parameters) => expect(splitArgument(text)).toEqual({ kind: 'split', path, parameters }))

  test.each([
    '',
    'a@b.example',
    '<a@b.example',
    '<a@b.example>SIZE=1',
    'SIZE=1 <a@b.example>',
    '<"a>',
    '<a@b.example>>',
  ])('refuses %j', (text) => expect(splitArgument(text).kind).toBe('bad'))

  test('never throws', () => {
    const pieces = fc.array(fc.constantFrom('<', '>', '"', '\\', ' ', 'a', '@', '=', '\0', '\r'), { maxLength: 20 })
    fc.assert(fc.property(pieces, (words) => ['split', 'bad'].includes(splitArgument(words.join('')).kind)))
  })
})

describe('dots at an end or in a row, without quotes', () => {
  test.each(['taro..y@mobile.example', '.taro@mobile.example', 'taro.@mobile.example', '..@mobile.example'])(
    '%s is read as a quoted local part',
    (address) => {
      const local = address.split('@')[0] as string
      const mailbox = { local, domain: 'mobile.example' }
      for (const role of ['forward', 'reverse'] as const) {
        const parsed = parsePath(`<${address}>`, role)
        expect(parsed).toEqual({ kind: 'mailbox', mailbox, utf8: false })
        expect(parsePath(`<${formatMailbox(mailbox)}>`, role)).toEqual(parsed)
      }
      expect(formatMailbox(mailbox)).toBe(`"${local}"@mobile.example`)
    },
  )
})

describe('parsePath', () => {
  test('knows the null sender, only as a sender', () => {
    expect(parsePath('<>', 'reverse')).toEqual({ kind: 'null' })
    expect(parsePath('<>', 'forward').kind).toBe('bad')
  })

  test('knows Postmaster without a domain, only as a recipient', () => {
    expect(parsePath('<PostMaster>', 'forward')).toEqual({ kind: 'postmaster' })
    expect(parsePath('<postmaster>', 'reverse').kind).toBe('bad')
    expect(parsePath('<Postmaster@example.org>', 'forward').kind).toBe('mailbox')
  })

  test('drops source routes', () => {
    const mailbox = { local: 'joe', domain: 'example.org' }
    expect(parsePath('<@a.example,@b.example:joe@example.org>', 'forward')).toEqual({
      kind: 'mailbox',
      mailbox,
      utf8: false,
    })
    for (const bad of [
      '<@a.example joe@example.org>',
      '<@a..b:joe@example.org>',
      '<@a.example,b:joe@example.org>',
      '<@:joe@example.org>',
    ]) {
      expect(parsePath(bad, 'forward').kind).toBe('bad')
    }
  })

  test('remembers that the client wrote UTF-8', () => {
    expect(parsePath('<joe@bücher.example>', 'forward')).toEqual({
      kind: 'mailbox',
      mailbox: { local: 'joe', domain: 'xn--bcher-kva.example' },
      utf8: true,
    })
  })

  test.each([
    '',
    '<',
    'joe@example.org',
    '<joe@example.org',
    '< joe@example.org>',
    '<joe@example.org >',
    '<<joe@example.org>>',
  ])('refuses %j', (text) => expect(parsePath(text, 'reverse').kind).toBe('bad'))

  test('has a reply for each role', () => {
    expect(badPath('reverse', 'x')).toMatchObject({ code: 501, enhanced: '5.1.7' })
    expect(badPath('forward', 'x')).toMatchObject({ code: 501, enhanced: '5.1.3' })
  })
})
