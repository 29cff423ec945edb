import { expect, test } from 'vitest'
import { tokenizeResults } from './results-tokens.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

const words = (value: string) =>
  tokenizeResults(value)?.map((token) => (token.kind === 'quoted' ? `q:${token.text}` : token.text)) ?? null

test.each([
  ['a; b=c', ['a', ';', 'b', '=', 'c']],
  ['a;b = c d.e=f/g==;', ['a', ';', 'b', '=', 'c', 'd.e', '=', 'f/g==', ';']],
  ['a (x; y=z) ;b="c \\" d"', ['a', ';', 'b', '=', 'q:c " d']],
  ['(only (nested))', []],
  ['', []],
  ['x==y', ['x', '=', '=y']],
])('%j', (value, expected) => expect(words(value)).toEqual(expected))

test.each(['(', ')', '"', 'a="b', 'a\0', '(\\)', `${'('.repeat(30)}${')'.repeat(30)}`])('%j cannot be cut', (value) =>
  expect(words(value)).toBeNull(),
)

test('long hostile values take linear time', () => {
  const start = processorMs()
  for (const piece of ['()', '""', 'a=', ';', '(\\)', 'a ']) tokenizeResults(piece.repeat(50_000))
  expect(processorMs() - start).toBeLessThan(3000)
})
