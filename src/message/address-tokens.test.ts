import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokenizeAddresses } from './address-tokens.ts'

const words = (value: string) => {
  const result = tokenizeAddresses(value)
  return result.kind === 'tokens'
    ? result.tokens.map((token) => `${token.apart ? '_' : ''}${token.text}`)
    : result.problem
}

test.each([
  ['joe@example.org', ['joe', '@', 'example', '.', 'org']],
  ['Joe <joe@x>', ['Joe', '_<', 'joe', '@', 'x', '>']],
  ['"a, \\"b\\"" <x@[192.0.2.1]>', ['"a, \\"b\\""', '_<', 'x', '@', '[192.0.2.1]', '>']],
  ['a(comment (nested \\) ) )b', ['a', '_b']],
  ['\t a \t', ['_a']],
  ['', []],
  ['()', []],
  ['Jörg:;', ['Jörg', ':', ';']],
])('%j', (value, expected) => expect(words(value)).toEqual(expected))

test.each([
  ['(', 'unfinished comment'],
  ['(\\)', 'unfinished comment'],
  [')', 'unreadable'],
  ['"', 'unreadable'],
  ['"\\"', 'unreadable'],
  ['[', 'unreadable'],
  ['[a[b]', 'unreadable'],
  ['\\', 'unreadable'],
  ['a\x07', 'control character'],
  ['a\nb', 'control character'],
])('%j: %s', (value, problem) => expect(words(value)).toContain(problem))

test('every character is in a token or is white space or comment', () => {
  const text = fc.array(fc.constantFrom('a', ' ', '"b c"', '@', '<', '>', ',', '.', '[x]', ':', ';', 'é'), {
    maxLength: 20,
  })
  fc.assert(
    fc.property(text, (pieces) => {
      const result = tokenizeAddresses(pieces.join(''))
      if (result.kind === 'bad') throw new Error(result.problem)
      expect(result.tokens.map((token) => token.text).join('')).toBe(pieces.filter((piece) => piece !== ' ').join(''))
    }),
  )
})
