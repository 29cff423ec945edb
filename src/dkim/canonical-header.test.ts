import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalField, signedOctets, splitFields } from './canonical-header.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

describe('a header field in relaxed form (RFC 6376 3.4.2)', () => {
  test.each([
    ['lower-cases the name', 'SUBJECT:Hi\r\n', 'subject:Hi\r\n'],
    ['drops space around the colon', 'Subject \t: \t Hi\r\n', 'subject:Hi\r\n'],
    ['drops space at the end', 'Subject: Hi \t \r\n', 'subject:Hi\r\n'],
    ['joins runs of space', 'Subject: a \t  b\tc\r\n', 'subject:a b c\r\n'],
    ['unfolds', 'Subject: a\r\n\tb\r\n   c\r\n', 'subject:a b c\r\n'],
    ['folds right behind the name', 'Subject:\r\n a\r\n', 'subject:a\r\n'],
    ['keeps an empty value', 'Subject:\r\n', 'subject:\r\n'],
    ['keeps a value of space only empty', 'Subject: \t \r\n', 'subject:\r\n'],
    ['keeps colons of the value', 'Subject: a: b :c\r\n', 'subject:a: b :c\r\n'],
    ['keeps octets above 127', 'Subject: gr\xfc\xdfe\xa0\r\n', 'subject:gr\xfc\xdfe\xa0\r\n'],
    ['ends a field that lacks CRLF', 'Subject: a', 'subject:a\r\n'],
  ])('%s', (_what, raw, expected) => {
    expect(canonicalField(raw, 'relaxed')).toBe(expected)
  })

  test('is stable and has no two spaces in a row', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(?:[ -~\t]|\r\n[ \t]){0,60}$/), (value) => {
        const once = canonicalField(`X-Field:${value}\r\n`, 'relaxed')
        expect(canonicalField(once, 'relaxed')).toBe(once)
        expect(once).not.toMatch(/[ \t]{2}|\t| \r\n/)
      }),
    )
  })

  test('takes linear time for hostile folds', () => {
    const raw = `Subject: ${'\r\n a'.repeat(200_000)}\r\n`
    const before = processorMs()
    canonicalField(raw, 'relaxed')
    expect(processorMs() - before).toBeLessThan(1_000)
  })
})

describe('the octets that are signed (RFC 6376 3.7, 5.4.2)', () => {
  const fields = splitFields(Buffer.from('A: 1\r\nB: 2\r\na: 3\r\nC : 4\r\n\r\n'))
  const signature = { raw: 'DKIM-Signature: b=', form: 'relaxed' } as const

  test('take instances from the bottom', () => {
    expect(signedOctets(fields, ['a', 'b', 'a'], signature).toString()).toBe('a:3\r\nb:2\r\na:1\r\ndkim-signature:b=')
  })

  test('have nothing for a name without an instance left', () => {
    expect(signedOctets(fields, ['a', 'a', 'a', 'x'], signature).toString()).toBe('a:3\r\na:1\r\ndkim-signature:b=')
  })

  test('keep the simple form as it stands', () => {
    const simple = signedOctets(fields, ['C', 'A'], { raw: 'DKIM-Signature:\tb=', form: 'simple' })
    expect(simple.toString()).toBe('C : 4\r\na: 3\r\nDKIM-Signature:\tb=')
  })
})
