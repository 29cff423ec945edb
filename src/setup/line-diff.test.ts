import { expect, test } from 'vitest'
import { lineDiff } from './line-diff.ts'

test('names only the lines that differ, with their side', () => {
  expect(lineDiff('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual(['- b', '+ x', '+ d'])
  expect(lineDiff('a\n', 'a\n')).toEqual([])
  expect(lineDiff('a\nb\n', 'b\n')).toEqual(['- a'])
  expect(lineDiff('', 'a\n')).toEqual(['- ', '+ a'])
})

test('does not compare very long files', () => {
  expect(lineDiff('x\n'.repeat(3000), 'y\n')).toEqual(['the files have 3000 and 1 lines'])
})
