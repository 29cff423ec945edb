import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalBody } from './canonical-body.ts'
import type { Canonicalization } from './canonical-header.ts'

function canonical(form: Canonicalization, text: string, cuts: readonly number[] = []): string {
  const pieces: Buffer[] = []
  const body = canonicalBody(form, (piece) => pieces.push(Buffer.from(piece)))
  const octets = Buffer.from(text, 'latin1')
  let from = 0
  for (const cut of [...cuts.toSorted((a, b) => a - b), octets.length]) {
    body.update(octets.subarray(from, Math.max(from, cut)))
    from = Math.max(from, cut)
  }
  body.end()
  return Buffer.concat(pieces).toString('latin1')
}

describe('a body in relaxed form (RFC 6376 3.4.4)', () => {
  test.each([
    ['nothing stays nothing', '', ''],
    ['an empty line is nothing', '\r\n', ''],
    ['lines of space are nothing', ' \r\n\t\r\n  ', ''],
    ['empty lines at the end go', 'a\r\n\r\n\r\n', 'a\r\n'],
    ['lines of space at the end go', 'a\r\n \t\r\n \r\n', 'a\r\n'],
    ['empty lines at the start and within stay', '\r\n\r\na\r\n \r\nb\r\n', '\r\n\r\na\r\n\r\nb\r\n'],
    ['the last line gets its CRLF', 'a', 'a\r\n'],
    ['space at the end of lines goes', 'a \t\r\nb ', 'a\r\nb\r\n'],
    ['runs of space become one', ' a \t b\t\tc', ' a b c\r\n'],
    ['a bare LF is content', 'a\nb \n c', 'a\nb \n c\r\n'],
    ['a bare CR is content', 'a\rb \r c\r\r\n', 'a\rb \r c\r\r\n'],
    ['a CR at the very end is content', 'a \r', 'a \r\r\n'],
    ['octets above 127 stay', 'gr\xfc\xdfe\xa0 \r\n', 'gr\xfc\xdfe\xa0\r\n'],
  ])('%s', (_what, text, expected) => {
    expect(canonical('relaxed', text)).toBe(expected)
  })
})

describe('a body in simple form (RFC 6376 3.4.3)', () => {
  test.each([
    ['nothing is one CRLF', '', '\r\n'],
    ['empty lines are one CRLF', '\r\n\r\n\r\n', '\r\n'],
    ['empty lines at the end go, space stays', 'a \r\n \r\n\r\n', 'a \r\n \r\n'],
    ['the last line gets its CRLF', 'a', 'a\r\n'],
  ])('%s', (_what, text, expected) => {
    expect(canonical('simple', text)).toBe(expected)
  })
})

const texts = fc.array(fc.constantFrom('a', 'b', ' ', '\t', '\r\n', '\r\n\r\n', '\r', '\n', 'xyz'), { maxLength: 40 })

describe.each(['relaxed', 'simple'] as const)('%s', (form) => {
  test('does not depend on where chunks end', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(80), { maxLength: 10 }), (parts, cuts) => {
        const text = parts.join('')
        expect(canonical(form, text, cuts)).toBe(canonical(form, text))
      }),
    )
  })

  test('agrees with the plain description of the RFC', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('')
        expect(canonical(form, text)).toBe(described(form, text))
      }),
    )
  })
})

/** The rules of 3.4.3 and 3.4.4 one after the other on the whole text. */
function described(form: Canonicalization, text: string): string {
  const lines = text.split('\r\n')
  const reduced = form === 'simple' ? lines : lines.map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (reduced.length > 0 && reduced.at(-1) === '') reduced.pop()
  if (reduced.length === 0) return form === 'simple' ? '\r\n' : ''
  return `${reduced.join('\r\n')}\r\n`
}
