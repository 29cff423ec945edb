// Only src/lib/clock.ts reads the time. The lint rules find `Date.now` and timers; this test finds a `new Date()` without an argument,
// which no lint rule of oxlint reports.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')
const currentDate = /\bnew Date\b(?!\s*\(\s*[^\s)])|(?<!new )(?<![.\w])Date\(/

it.each([
  ['new Date()', true],
  ['new Date( )', true],
  ['new Date', true],
  ['Date()', true],
  ['new Date(clock.now())', false],
  ['new Date(2026, 10)', false],
  ['Date.parse(text)', false],
  ['parseDate(text)', false],
])('%s reads the time: %s', (code, wanted) => {
  expect(currentDate.test(code)).toBe(wanted)
})

it('is used by all of src', () => {
  const found = globSync('**/*.ts', { cwd: src, exclude: ['**/*.test.ts', 'lib/clock.ts'] }).flatMap((file) => {
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*$/gm, '')
    return currentDate.test(code) ? [file] : []
  })
  expect(found).toEqual([])
})
