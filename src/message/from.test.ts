import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFields } from './header.ts'
import { readAddressList, readAuthors } from './from.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

const read = (header: string | Buffer) => readAuthors(readFields(Buffer.from(header as string)))
const from = (value: string) => read(`From: ${value}\r\n\r\n`)

describe('unambiguous authors', () => {
  test.each([
    ['joe@example.org', ['joe@example.org']],
    ['Joe User <Joe@Example.ORG>', ['Joe@example.org']],
    ['"Joe, User" <joe@example.org>', ['joe@example.org']],
    ['"joe@other.example" <joe@example.org>', ['joe@example.org']],
    ['"a \\" <x@y.example>" <joe@example.org>', ['joe@example.org']],
    ['Joe Q. User <joe@example.org>', ['joe@example.org']],
    ['=?utf-8?q?J=C3=B6rg?= =?utf-8?b?w7Y=?= <joe@example.org>', ['joe@example.org']],
    ['Jörg <joe@example.org>', ['joe@example.org']],
    ['joe@example.org (Joe (the) <x@y.example>, User)', ['joe@example.org']],
    ['(a) joe@example.org', ['joe@example.org']],
    ['joe@example.org, Ann <ann@example.net>', ['joe@example.org', 'ann@example.net']],
    ['joe@example.org,, joe@example.org,', ['joe@example.org']],
    ['Team: joe@example.org, Ann <ann@example.net>;', ['joe@example.org', 'ann@example.net']],
    [
      'joe@example.org, Team: ann@example.net;, bob@example.org',
      ['joe@example.org', 'ann@example.net', 'bob@example.org'],
    ],
    ['"joe user"@example.org', ['"joe user"@example.org']],
    ['joe@[192.0.2.1]', ['joe@[192.0.2.1]']],
    ['<joe@bücher.example>', ['joe@xn--bcher-kva.example']],
    ['< joe@example.org >', ['joe@example.org']],
    ['Joe\r\n\tUser\r\n <joe@example.org>', ['joe@example.org']],
  ])('%s', (value, addresses) => expect(from(value)).toEqual({ addresses, problems: [] }))

  test('no From: field at all is for the caller to judge', () => {
    expect(read('Subject: x\r\n\r\n')).toEqual({ addresses: [], problems: [] })
    expect(from('')).toEqual({ addresses: [], problems: [] })
  })
})

describe('authors that two programs might read differently', () => {
  test.each([
    ['joe@example.org <evil@example.net>', 'evil@example.net', 'display name that looks like an address'],
    ['<joe@example.org> <evil@example.net>', 'evil@example.net', 'two addresses without a comma'],
    ['<joe@example.org> evil@example.net', 'joe@example.org', 'text behind an address'],
    ['joe@example.org evil@example.net', null, 'not an address'],
    ['Joe joe@example.org', 'Joejoe@example.org', 'white space or comment inside an address'],
    ['joe @ example . org', 'joe@example.org', 'white space or comment inside an address'],
    ['joe@example.org(x).evil.example', 'joe@example.org.evil.example', 'white space or comment inside an address'],
    ['<@evil.example:joe@example.org>', null, 'not an address'],
    ['=?utf-8?q?joe?=@example.org', '=?utf-8?q?joe?=@example.org', 'encoded word inside an address'],
    ['Joe <joe@example.org', null, 'angle bracket that is not closed'],
    ['Joe <joe@example.org, evil@example.net>', null, 'not an address'],
    ['joe@example.org>', 'joe@example.org', 'angle bracket that closes nothing'],
    ['Team: joe@example.org', 'joe@example.org', 'group that is not closed'],
    ['joe@example.org;', 'joe@example.org', 'semicolon outside a group'],
    ['a: b: joe@example.org;', 'joe@example.org', 'misplaced colon'],
    ['joe@x.example: evil@example.net;', 'evil@example.net', 'group name that looks like an address'],
    ['"joe@example.org', null, 'unreadable'],
    ['joe@example.org (x', null, 'unfinished comment'],
    [`${'('.repeat(100)}${')'.repeat(100)} joe@example.org`, null, 'unfinished comment'],
    ['joe@example.org\0.evil.example', null, 'control character'],
    ['joe', null, 'not an address'],
    ['<>', null, 'not an address'],
    ['undisclosed:;', null, 'no address'],
    ['a\\b@example.org', null, 'unreadable'],
    ['x\u00a0evil@example.net', null, 'white space or comment inside an address'],
    ['evil@example.net\ufeffx', null, 'not an address'],
  ])('%j', (value, address, problem) => {
    const authors = from(value)
    expect(authors.problems.join('; ')).toContain(problem)
    if (address !== null) expect(authors.addresses).toContain(address)
  })

  test('two From: fields count both, however they are spelled', () => {
    expect(read('From: joe@example.org\r\nX: y\r\nFROM : evil@example.net\r\n\r\n')).toEqual({
      addresses: ['joe@example.org', 'evil@example.net'],
      problems: ['2 From: fields'],
    })
  })

  test('an address in an unknown character set', () => {
    expect(read(Buffer.from('From: j\xf6rg@example.org\r\n', 'latin1')).problems).toEqual([
      'address in an unknown character set',
    ])
    expect(read(Buffer.from('From: J\xf6rg <joe@example.org>\r\n', 'latin1'))).toEqual({
      addresses: ['joe@example.org'],
      problems: [],
    })
  })
})

test('a hostile list as large as a header section may be does not stop the loop', () => {
  const [field] = readFields(Buffer.from(`From: ${'a.'.repeat(30_000)}${'<a@b.example>'.repeat(5000)}\r\n`))
  const start = processorMs()
  expect(readAuthors(field ? [field] : []).problems).toContain('two addresses without a comma')
  // Some 40 ms; with a look at the whole name at each bracket it was three seconds.
  expect(processorMs() - start).toBeLessThan(1500)
})

test('the short way to read usual fields finds what the reader of tokens finds', () => {
  const pieces = [
    'Ann',
    ' ',
    '.',
    '"',
    '\\',
    '<',
    '>',
    '@',
    ',',
    ':',
    ';',
    '(',
    ')',
    '[',
    '=?utf-8?q?x?=',
    '=',
    '?',
    'ö',
    '_',
    '-',
    '\t',
  ]
  const wholes = [
    '"A, B"',
    'ann@example.org',
    '<ann@example.org>',
    'a=b@example.org',
    'x..y@example.org',
    "o'b@example.org",
  ]
  const value = fc.array(fc.constantFrom(...pieces, ...wholes), { maxLength: 8 }).map((parts) => parts.join(''))
  let usual = 0
  fc.assert(
    fc.property(value, (text) => {
      const [field] = readFields(Buffer.from(`From: ${text}\r\n\r\n`))
      const list = readAddressList(field?.value ?? '')
      const found = from(text)
      expect(found.addresses).toEqual([...new Set(list.addresses)])
      if (list.problems.length > 0 || list.addresses.length > 0) expect(found.problems).toEqual(list.problems)
      if (list.addresses.length === 1 && list.problems.length === 0) usual++
    }),
    { numRuns: 5000 },
  )
  expect(usual).toBeGreaterThan(50)
})

test('a name of a hundred thousand spaces or quotes takes the short way in linear time', () => {
  for (const text of [' ', '""', 'a ', '"']) expect(from(text.repeat(100_000)).addresses).toEqual([])
})

test('any text is read without throwing, each address is in printed form', () => {
  const parts = fc.array(
    fc.constantFrom(
      'joe',
      '@',
      'example',
      '.',
      'org',
      '<',
      '>',
      ',',
      ':',
      ';',
      '"',
      '(',
      ')',
      '\\',
      ' ',
      '[',
      ']',
      'é',
      '=?q?',
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        parts.map((p) => p.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (value) => {
        const { addresses, problems } = readAddressList(value)
        for (const address of addresses) expect(address).toMatch(/@[a-z0-9[]/)
        if (addresses.length === 0 && problems.length === 0) expect(value).not.toContain('@example.org')
      },
    ),
    { numRuns: 1000 },
  )
})

test('what a list holds is found, whatever decorates it', () => {
  const address = fc.constantFrom('joe@example.org', 'ann@example.net', '"x, y"@example.com')
  const entry = fc.oneof(
    address.map((a) => [a, a]),
    fc
      .tuple(fc.constantFrom('Joe', '"Joe, <x@y.example>"', '(c) Joe', '=?utf-8?q?J?='), address)
      .map(([n, a]) => [`${n} <${a}>`, a]),
    address.map((a) => [`Team: ${a};`, a]),
    address.map((a) => [`${a} (see <x@y.example>, z)`, a]),
  )
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), (entries) => {
      const { addresses, problems } = from(entries.map(([text]) => text).join(', '))
      expect(problems).toEqual([])
      expect(addresses).toEqual([...new Set(entries.map(([, a]) => a))])
    }),
  )
})

test('a header full of parentheses or quotes is read in linear time', () => {
  const start = processorMs()
  for (const piece of ['()', '"a" ', 'a ', 'a,', '<', ':', '\\"', '(a\\)']) from(piece.repeat(40_000))
  expect(processorMs() - start).toBeLessThan(4000)
})
