import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  buildResults,
  isForged,
  mergeResults,
  parseResults,
  trustedResults,
  withoutExperiments,
} from './results-field.ts'
import type { MethodResult } from './results-field.ts'
import { writeFolded } from './field.ts'
import { readFields, removeFields } from './header.ts'

const spf: MethodResult = {
  method: 'spf',
  result: 'pass',
  properties: [{ name: 'smtp.mailfrom', value: 'joe@example.net' }],
}
const dkim: MethodResult = {
  method: 'dkim',
  result: 'fail',
  reason: 'no "key"',
  properties: [{ name: 'header.d', value: 'example.net' }],
}
const results = (value: string) => {
  const parsed = parseResults(value)
  return parsed.kind === 'results' ? parsed.results : parsed.problem
}

describe('reading (examples of RFC 8601 appendix B and of real servers)', () => {
  test('none', () =>
    expect(parseResults('example.org 1; none')).toEqual({
      kind: 'results',
      authservId: 'example.org',
      version: 1,
      results: [],
    }))

  test('a result with comments and white space everywhere', () => {
    expect(
      parseResults(
        'foo.example.net (foobar) 1 (baz);\t dkim (Because I like it) / 1 (One yay) = (wait for it) fail\t policy (A dot can go here) . (like that) expired (this surprised me) = (as I am not surprised) 1362471462',
      ),
    ).toEqual({
      kind: 'results',
      authservId: 'foo.example.net',
      version: 1,
      results: [{ method: 'dkim', result: 'fail', properties: [{ name: 'policy.expired', value: '1362471462' }] }],
    })
  })

  test('several results with reason and unquoted base64', () => {
    expect(
      results(
        'mx.example.com; dkim=pass header.i=@example.net header.s=20230601 header.b=aZ/+9Q==; spf=pass (sender is allowed) smtp.mailfrom="joe user"@example.net; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.net;',
      ),
    ).toBe('malformed result')
    expect(
      results(
        'mx.example.com; dkim=pass reason="good (really)" header.i=@example.net header.b=aZ/+9Q==; DMARC=Pass (p=NONE) Header.From=example.net;',
      ),
    ).toEqual([
      {
        method: 'dkim',
        result: 'pass',
        reason: 'good (really)',
        properties: [
          { name: 'header.i', value: '@example.net' },
          { name: 'header.b', value: 'aZ/+9Q==' },
        ],
      },
      { method: 'dmarc', result: 'pass', properties: [{ name: 'header.from', value: 'example.net' }] },
    ])
  })

  test.each([
    '',
    ';',
    'example.org',
    'example.org;',
    'example.org; ;none',
    'spf=pass (no authserv-id) smtp.mailfrom=x',
    'example.org x; none',
    'example.org 1 2; none',
    'example.org; spf',
    'example.org; spf=',
    'example.org; =pass',
    'example.org; spf=pass smtp.mailfrom',
    'example.org; spf=pass mailfrom=x',
    'example.org; spf="pass" "x"=y',
    'example.org; spf=pass (unfinished',
    'example.org; spf="unfinished',
    'example.org; dkim/x=pass',
    'example.org\0; none',
    '(only a comment)',
  ])('%j cannot be read', (value) => expect(parseResults(value).kind).toBe('bad'))

  test('never throws', () => {
    const parts = fc
      .array(fc.constantFrom('a', '.', '=', ';', '(', ')', '"', '\\', ' ', '/', '1', 'none'), { maxLength: 30 })
      .map((p) => p.join(''))
    fc.assert(
      fc.property(fc.oneof(parts, fc.string({ unit: 'binary' })), (value) =>
        ['results', 'bad'].includes(parseResults(value).kind),
      ),
    )
  })
})

describe('writing', () => {
  test('is folded and quoted', () => {
    expect(buildResults('mx.example.org', [spf, dkim])).toBe(
      'mx.example.org;\r\n\tspf=pass smtp.mailfrom=joe@example.net;\r\n\tdkim=fail reason="no \\"key\\"" header.d=example.net',
    )
    expect(buildResults('mx.example.org', [])).toBe('mx.example.org; none')
  })

  test('is read back, whatever strangers put into the values', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/\s+/g, ' ').trim())
    const result = fc.record({
      method: fc.constantFrom('spf', 'dkim', 'auth', 'x-other'),
      result: fc.constantFrom('pass', 'fail', 'temperror'),
      properties: fc.array(fc.record({ name: fc.constantFrom('smtp.mailfrom', 'header.d', 'policy.x-y'), value }), {
        maxLength: 3,
      }),
    })
    fc.assert(
      fc.property(fc.array(result, { maxLength: 4 }), (list) => {
        const field = writeFolded('Authentication-Results', buildResults('mx.example.org', list))
        const parsed = readFields(field).map((f) => parseResults(f.value))
        expect(parsed).toEqual([{ kind: 'results', authservId: 'mx.example.org', version: 1, results: list }])
      }),
    )
  })

  test('has no line that is too long, whatever strangers put into the values', () => {
    const value = '"\\'.repeat(160)
    const properties = ['header.d', 'header.s', 'header.a'].map((name) => ({ name, value }))
    const long = { method: 'dkim', result: 'neutral', reason: value, properties }
    const text = mergeResults(buildResults('mx.example.org', [long, spf]), buildResults('mx.example.org', [dkim]))
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThan(998)
    expect(results(text)).toEqual([long, spf, dkim])
  })

  test('no value adds a result', () => {
    const evil = { ...spf, properties: [{ name: 'smtp.mailfrom', value: 'x; dmarc=pass\r\nBcc: y' }] }
    expect(results(buildResults('mx.example.org', [evil]))).toMatchObject([{ method: 'spf' }])
  })
})

describe('the trust boundary', () => {
  const ours = 'Authentication-Results: MX.example.org (x);\r\n\tdmarc=pass header.from=example.org\r\n'
  const theirs = 'Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a@example.net\r\n'

  test('takes out what bears our name and what cannot be read, keeps the rest byte for byte', () => {
    const unreadable = 'authentication-results : mx.example.org; (\r\n'
    const quoted = 'Authentication-Results: "mx.example.org" 1; none\r\n'
    const header = Buffer.from(
      `Received: a\r\n${ours}${theirs}${unreadable}${quoted}ARC-Authentication-Results: i=1; mx.example.org; none\r\n\r\n`,
    )
    const clean = removeFields(header, (field) => isForged(field, 'mx.example.org'))
    expect(clean.toString()).toBe(
      `Received: a\r\n${theirs}ARC-Authentication-Results: i=1; mx.example.org; none\r\n\r\n`,
    )
  })

  test('trusts only what stands between the topmost Received and the next', () => {
    const read = (text: string) => trustedResults(readFields(Buffer.from(text)), 'mx.example.org').map((r) => r.method)
    expect(read(`Received: by mx\r\n${ours}${theirs}Received: from stranger\r\n`)).toEqual(['dmarc'])
    expect(read(`Received: by mx\r\n${theirs}Received: from stranger\r\n${ours}`)).toEqual([])
    expect(read(`${ours}Received: by mx\r\nReceived: from stranger\r\n`)).toEqual([])
    expect(read(ours)).toEqual([])
    expect(read(`Received: by mx\r\n${ours}`)).toEqual(['dmarc'])
    expect(read(`Received: by mx\r\n${ours.replace('(x)', '2')}Received: x\r\n`)).toEqual([])
  })
})

describe('values of several checks', () => {
  const spam: MethodResult = {
    method: 'x-spam',
    result: 'add-header',
    properties: [{ name: 'policy.score', value: '9.1' }],
  }
  const build = (...those: MethodResult[]) => buildResults('mx.example.org', those)

  test('become one, in their order', () => {
    expect(mergeResults(build(spf, dkim), build(spam))).toBe(build(spf, dkim, spam))
    expect(mergeResults(build(), build(spam))).toBe(build(spam))
    expect(mergeResults(build(spf), build())).toBe(build(spf))
    expect(mergeResults(build(), build())).toBe(build())
  })

  test('are for the world without what is only ours', () => {
    expect(withoutExperiments(build(spf, spam, dkim))).toBe(build(spf, dkim))
    expect(withoutExperiments(build(spam))).toBe(build())
    // As it came: unfolded by the reader, or unreadable.
    for (const value of ['mx.example.org; spf=pass (a comment)', 'not readable']) {
      expect(withoutExperiments(value)).toBe(value)
    }
  })
})
