import { expect, it } from 'vitest'
import { hangingLines } from './hanging-lines.ts'

const column = { width: 20, indent: 6 }

it('wraps at spaces, beside the label', () => {
  expect(hangingLines('peers', 'no srs node can be reached', column)).toEqual([
    'peers no srs node',
    '      can be reached',
  ])
  expect(hangingLines('', 'short', column)).toEqual(['      short'])
})

it('cuts a word that is longer than a line', () => {
  const lines = hangingLines('', `a ${'x'.repeat(30)} b`, column)
  expect(lines.filter((line) => line.length > 20)).toEqual([])
  expect(lines.join('').replaceAll(' ', '')).toBe(`a${'x'.repeat(30)}b`)
})
