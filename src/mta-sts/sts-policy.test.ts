// Texts of policies as domains write them, and the names that they match.

import { expect, describe, it } from 'vitest'
import { formatStsPolicy, matchesMx, MOST_MAX_AGE, parseStsPolicy, stsPolicyId } from './sts-policy.ts'

const lines = (...some: string[]) => some.join('\r\n')
const text = lines(
  'version: STSv1',
  'mode: enforce',
  'mx: mail.example.com',
  'mx: *.example.net',
  'max_age: 604800',
  '',
)
const policy = { mode: 'enforce', mx: ['mail.example.com', '*.example.net'], maxAge: 604_800 } as const

describe('a policy is read', () => {
  it.each([
    ['with CRLF', text],
    ['with LF (errata 6253)', text.replaceAll('\r\n', '\n')],
    ['without an end of the last line', text.trimEnd()],
    ['with spaces at the ends', text.replaceAll(': ', ':   ').replaceAll('\r\n', '  \r\n')],
    ['without spaces', text.replaceAll(': ', ':')],
    ['with unknown keys, empty lines and lines without a key', `${text}\r\nfuture: x\r\nno key\r\n:x\r\n`],
    ['with a repeated key, of which the first counts', `${text}mode: none\r\nversion: STSv2\r\nmax_age: 1`],
    [
      'with names in upper case, with a final dot, twice',
      text.replace('mail.example.com', 'MAIL.Example.com.\r\nmx: mail.example.com'),
    ],
    ['with names that cannot exist', `${text}mx: a..b\r\nmx: *.*.example\r\nmx: a*.example\r\nmx:\r\nmx: \xe9.example`],
    [
      'in another order',
      text
        .split('\r\n')
        .toReversed()
        .join('\r\n')
        .replace(/(mx: \*.*)\r\n(mx: m.*)\r\n/, '$2\r\n$1\r\n'),
    ],
  ])('%s', (_name, written) => {
    expect(parseStsPolicy(written)).toEqual({ kind: 'policy', policy })
  })

  it('without names if its mode is none', () => {
    expect(parseStsPolicy('version: STSv1\nmode: none\nmax_age: 86400')).toEqual({
      kind: 'policy',
      policy: { mode: 'none', mx: [], maxAge: 86_400 },
    })
  })

  it('with at most a year', () => {
    const read = parseStsPolicy(text.replace('604800', '9999999999'))
    expect(read.kind === 'policy' && read.policy.maxAge).toBe(MOST_MAX_AGE)
  })
})

it.each([
  ['', 'its version is not STSv1'],
  ['<html>', 'its version is not STSv1'],
  [text.replace('STSv1', 'STSv2'), 'its version is not STSv1'],
  [text.replace('enforce', 'Enforce'), 'its mode is none of enforce, testing, none'],
  [text.replace('mode', 'mood'), 'its mode is none of enforce, testing, none'],
  [text.replace('604800', '-1'), 'it has no max_age in seconds'],
  [text.replace('604800', '1e9'), 'it has no max_age in seconds'],
  [text.replace('604800', ''), 'it has no max_age in seconds'],
  [text.replaceAll('mx:', 'xm:'), 'it names no usable mx'],
])('refuses %j', (written, cause) => {
  expect(parseStsPolicy(written)).toEqual({ kind: 'invalid', cause })
})

it('writes what it reads', () => {
  expect(formatStsPolicy(policy)).toBe(text)
})

it('has an id for the DNS that changes with the policy', () => {
  expect(stsPolicyId(policy)).toMatch(/^[0-9a-f]{32}$/)
  expect(stsPolicyId({ ...policy, maxAge: 1 })).not.toBe(stsPolicyId(policy))
})

it.each([
  ['mail.example.com', true],
  ['mx.example.net', true],
  ['example.net', false],
  ['a.mx.example.net', false],
  ['xmail.example.com', false],
  ['example.com', false],
  ['net', false],
])('%s matches: %s', (host, expected) => {
  expect(matchesMx(policy, host)).toBe(expected)
})
