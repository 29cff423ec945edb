// The tree keeps its import rule: only the arrows of docs/explanation/architecture.md, no circle between files, no file name twice.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  circles,
  forbiddenArrows,
  fragments,
  repeatedNames,
  unusedArrows,
  unusedContracts,
} from './lib/import-rules.ts'

const src = join(import.meta.dirname, '../src')
const sources = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => [file, readFileSync(join(src, file), 'utf8')]),
)

it('reads the sources at all', () => {
  expect(sources.size).toBeGreaterThan(20)
})

it('has no arrow that the table forbids', () => {
  expect(forbiddenArrows(sources)).toEqual([])
})

it('allows no arrow and no contract file that nothing uses', () => {
  expect(unusedArrows(sources)).toEqual([])
  expect(unusedContracts(sources)).toEqual([])
})

it('has no circle between files', () => {
  expect(circles(sources)).toEqual([])
})

it('has no file name twice', () => {
  expect(repeatedNames(sources)).toEqual([])
})

it('has no short file that only its neighbour imports', () => {
  expect(fragments(sources)).toEqual([])
})
