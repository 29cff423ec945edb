import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { domainOf, formatLocalPart, formatMailbox, needsSmtputf8, normalizeMailbox, parseMailbox } from './mailbox.ts'

const atextChars = "abcXYZ019!#$%&'*+/=?^_`{|}~-é漢".split('')
const atom = fc.array(fc.constantFrom(...atextChars), { minLength: 1, maxLength: 8 }).map((c) => c.join(''))
const dotted = fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join('.'))
const quotedLocal = fc
  .array(fc.constantFrom(...' "\\@<>,;:()[].a1é'.split('')), { maxLength: 12 })
  .map((characters) => characters.join(''))

describe('parseMailbox', () => {
  test.each([
    ['Joe.User@Example.ORG', 'Joe.User@example.org'],
    ['"joe"@example.org', 'joe@example.org'],
    ['"j\\oe"@example.org', 'joe@example.org'],
    ['"joe user"@example.org', '"joe user"@example.org'],
    ['"a@b"@example.org', '"a@b"@example.org'],
    ['"a\\"b\\\\c"@example.org', '"a\\"b\\\\c"@example.org'],
    ['""@example.org', '""@example.org'],
    ['".a."@example.org', '".a."@example.org'],
    ['joe@[IPv6:2001:DB8::1]', 'joe@[ipv6:2001:db8::1]'],
    ['joe@[192.0.2.1]', 'joe@[192.0.2.1]'],
    ['jörg@bücher.example', 'jörg@xn--bcher-kva.example'],
    ['SRS0=HHHH=TT=example.net=joe+tag@srs.example.org', 'SRS0=HHHH=TT=example.net=joe+tag@srs.example.org'],
    ['joe@localhost', 'joe@localhost'],
  ])('prints %s as %s', (text, printed) => {
    expect(normalizeMailbox(text)).toBe(printed)
    expect(normalizeMailbox(printed)).toBe(printed)
  })

  test.each([
    ['', 'no domain'],
    ['joe', 'no domain'],
    ['@example.org', 'no local part'],
    ['joe@', 'malformed domain'],
    ['.joe@example.org', 'malformed local part'],
    ['joe.@example.org', 'malformed local part'],
    ['j..oe@example.org', 'malformed local part'],
    ['joe user@example.org', 'malformed local part'],
    ['joe@b@example.org', 'malformed local part'],
    ['"joe@example.org', 'malformed local part'],
    ['"jo"e@example.org', 'malformed local part'],
    ['"jo\\"@example.org', 'malformed local part'],
    ['"jo\re"@example.org', 'malformed local part'],
    ['"jo\\\ne"@example.org', 'malformed local part'],
    ['jo\0e@example.org', 'malformed local part'],
    ['joe\x7f@example.org', 'malformed local part'],
    ['joe\u0085@example.org', 'malformed local part'],
    ['joe\ufffd@example.org', 'malformed local part'],
    ['joe\u2028@example.org', 'malformed local part'],
    ['"joe\ud800"@example.org', 'malformed local part'],
    ['joe(comment)@example.org', 'malformed local part'],
    ['joe@example.org\n', 'malformed domain'],
    ['joe@ example.org', 'malformed domain'],
    ['joe@example.org.', 'malformed domain'],
    ['<joe@example.org>', 'malformed local part'],
    [`${'a'.repeat(65)}@example.org`, 'local part longer than 64 octets'],
    [`${'é'.repeat(33)}@example.org`, 'local part longer than 64 octets'],
    [`joe@${'abcdefg.'.repeat(32)}org`, 'longer than 254 octets'],
    [`${'a'.repeat(64)}@${'bücher.'.repeat(14)}example`, 'longer than 254 octets'],
  ])('refuses %j: %s', (text, problem) => expect(parseMailbox(text)).toEqual({ kind: 'bad', problem }))

  test('reads what it prints back to the same mailbox', () => {
    fc.assert(
      fc.property(fc.oneof(dotted, quotedLocal), fc.domain(), (local, domain) => {
        const mailbox = { local, domain: domain.toLowerCase() }
        const printed = formatMailbox(mailbox)
        const parsed = parseMailbox(printed)
        if (parsed.kind === 'bad') expect(parsed.problem).toMatch(/longer than/)
        else {
          expect(parsed.mailbox).toEqual(mailbox)
          expect(formatMailbox(parsed.mailbox)).toBe(printed)
        }
      }),
    )
  })

  test('takes any text without throwing, and what it takes has no control character, one meaning, and a bounded length', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc
        .array(fc.constantFrom(...'"\\@<>[]:.,a \r\n\0é'.split('')), { maxLength: 20 })
        .map((c) => `${c.join('')}@example.org`),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        const printed = normalizeMailbox(text)
        if (printed === null) return
        // oxlint-disable-next-line no-control-regex -- what must not be there
        expect(printed).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
        expect(normalizeMailbox(printed)).toBe(printed)
        expect(Buffer.byteLength(printed)).toBeLessThanOrEqual(254)
      }),
      { numRuns: 500 },
    )
  })
})

test('words about printed addresses', () => {
  expect(domainOf('"a@b"@example.org')).toBe('example.org')
  expect(formatLocalPart('a b')).toBe('"a b"')
  expect(needsSmtputf8('jörg@example.org')).toBe(true)
  expect(needsSmtputf8('joe@xn--bcher-kva.example')).toBe(false)
})
