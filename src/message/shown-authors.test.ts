import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readFields } from './header.ts'
import { addressesAnywhere, readShownAuthors } from './shown-authors.ts'

const read = (header: string | Buffer) => readShownAuthors(readFields(Buffer.from(header as string)))
const domainsOf = (value: string) => read(`From: ${value}\r\n\r\n`).domains

test.each([
  ['Ann <ann@bank.example>', ['bank.example']],
  ['"ceo@bank.example" <eve@evil.example>', ['evil.example']],
  ['"Ann (ceo@bank.example)" <eve@evil.example>', ['evil.example']],
  ['=?utf-8?q?ceo=40bank=2Eexample?= <eve@evil.example>', ['evil.example']],
  ['a@bank.example, b@evil.example', ['bank.example', 'evil.example']],
])('what the strict reader reads without doubt is what programs show: %s', (value, domains) => {
  expect(read(`From: ${value}\r\n\r\n`)).toMatchObject({ domains, problem: null })
})

test.each([
  // One address, however it is damaged.
  ['ceo@bank.example>', ['bank.example']],
  ['CEO ceo@bank.example>', ['bank.example']],
  ['Ann [HR] <ann@bank.example>', ['bank.example']],
  ['Doe, Ann <ann@bank.example>', ['bank.example']],
  ['Ann: HR <ann@bank.example>', ['bank.example']],
  ['Ann; HR <ann@bank.example>', ['bank.example']],
  ['Ann <ann@bank.example', ['bank.example']],
  ['<<ann@bank.example>>', ['bank.example']],
  ['"Ann <ann@bank.example>', ['bank.example']],
  ['Ann (HR <ann@bank.example>', ['bank.example']],
  ['Ann \\ <ann@bank.example>', ['bank.example']],
  ['ann@bank.example <ann@bank.example>', ['bank.example']],
  ['ann @ bank . example', ['bank.example']],
  ['ann@ bank. example', ['bank.example']],
  ['Team: ann@bank.example', ['bank.example']],
  ['ceo@bank．example', ['bank.example']],
  ['ceo@bank.example!', ['bank.example']],
  ["'ceo@bank.example'>", ['bank.example']],
  ['"ceo@bank.example"', ['bank.example']],
  ['(ceo@bank.example)', ['bank.example']],
  ['=?utf-8?q?ceo=40bank=2Eexample?=', ['bank.example']],
  ['=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?=', ['bank.example']],
  ['Ann\r\n [HR]\r\n\t<ann@bank.example>', ['bank.example']],
  // Several: every one that some program shows.
  ['ceo@bank.example <eve@evil.example>', ['evil.example', 'bank.example']],
  ['<ceo@bank.example> <eve@evil.example>', ['bank.example', 'evil.example']],
  ['<ceo@bank.example>\\, <eve@evil.example>', ['bank.example', 'evil.example']],
  ['<@bank.example:eve@evil.example>', ['bank.example', 'evil.example']],
  ['ceo@bank.example(x).evil.example', ['bank.example.evil.example', 'bank.example']],
  ['ceo@bank.example\0.evil.example', ['bank.example.evil.example', 'bank.example']],
  ['=?utf-8?b?PGNlb0BiYW5rLmV4YW1wbGU+?= <eve@evil.example>', ['evil.example', 'bank.example']],
  ['ceo@bank.example@evil.example', ['bank.example', 'evil.example']],
  // None.
  ['MAILER-DAEMON', []],
  ['Mail Delivery System <>', []],
  ['undisclosed:;', []],
])('every domain that a program may show is found: %j', (value, domains) => {
  const found = read(`From: ${value}\r\n\r\n`)
  expect([...found.domains].sort()).toEqual([...domains].sort())
  expect(found.problem).not.toBeNull()
})

test('several From: fields are all shown by some program', () => {
  const found = read('From: ceo@bank.example\r\nFrom : <eve@evil.example>\r\n\r\n')
  expect(found).toMatchObject({ domains: ['bank.example', 'evil.example'], problem: '2 From: fields' })
})

test('a message without From: has no author and no problem', () => {
  expect(read('Subject: x\r\n\r\n')).toEqual({ addresses: [], domains: [], problem: null })
})

test('the address of the author is known where there is one', () => {
  expect(read('From: Doe, Ann <Ann.Doe@Bank.Example>\r\n\r\n').addresses).toEqual(['Ann.Doe@bank.example'])
  expect(read('From: "ann doe"@bank.example>\r\n\r\n').addresses).toEqual(['"ann doe"@bank.example'])
})

test('addresses in names, comments and encoded words are found anywhere', () => {
  expect(addressesAnywhere('"Kim <kim@a.example>" (lee@b.example) =?utf-8?q?eve=40c.example?= d@d.example')).toEqual([
    'kim@a.example',
    'lee@b.example',
    'eve@c.example',
    'd@d.example',
  ])
})

test('an address cannot hide from both readers, whatever stands around it', () => {
  const noise = fc
    .array(fc.constantFrom('"', '(', ')', '<', '>', ',', ';', ':', '\\', ' ', '[', ']', 'Ann', '.', '=?', '?=', '\0'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(noise, noise, (before, after) => {
      const domains = domainsOf(`${before} ceo@bank.example ${after}`)
      // Quotes and comments make it a name only where another address, or none at all, is shown.
      expect(domains.some((one) => one.endsWith('bank.example'))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['quotes', '"\\'.repeat(40_000)],
  ['comments', '('.repeat(60_000)],
  ['at signs', '<@'.repeat(40_000)],
  ['dots', `x@a${'.'.repeat(200_000)}a>`],
  ['address literals', '@['.repeat(100_000)],
  ['encoded words', '=?q?q?=3c@'.repeat(8_000)],
  ['blanks', `x@${' '.repeat(60_000)}y`],
])('a hostile value of %s does not stop the loop', (_, value) => {
  // Quadratic work would exceed the time limit of a test.
  expect(domainsOf(value).length).toBeLessThan(3)
})
