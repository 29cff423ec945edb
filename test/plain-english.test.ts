// All prose of the tree is plain technical English: comments, messages and test titles in src and test, the pages, the role files, the
// examples and the files for deployment. CONTRIBUTING.md has the rules, test/lib/word-list.ts the words.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findWords } from './lib/word-list.ts'

const root = join(import.meta.dirname, '..')

const prose = /\.(?:ts|cjs|md|ya?ml|service|toml)$|(?:Dockerfile|deploy\/waypost)$/
/** Captured data, configurations that must be refused, and the word list itself. */
const excluded = ['test/fixtures/**', 'test/configs/**', 'test/lib/word-list.ts', 'test/plain-english.test.ts']
const places = ['src', 'test', 'docs', 'roles', 'deploy', 'hiera-examples', '*.md']

function filesOf(place: string): string[] {
  const pattern = place.includes('*') ? place : `${place}/**/*`
  return globSync(pattern, { cwd: root, exclude: excluded }).filter((file) => prose.test(file))
}

function faultsIn(file: string): string[] {
  return findWords(file, readFileSync(join(root, file), 'utf8')).map(
    ({ line, found, instead }) => `${file}:${line}: "${found}": ${instead}`,
  )
}

describe('the word list', () => {
  it.each([
    ['a.ts', '// Nobody reads this.'],
    ['a.ts', ' * The sender had a certificate.'],
    ['a.ts', "log.info('the queue told the operator')"],
    ['a.md', 'The mail comes home.'],
    ['a.yaml', '# the room of the queue'],
  ])('finds a fault in %s: %s', (file, line) => {
    expect(findWords(file, line)).not.toEqual([])
  })

  it.each([
    ['a.ts', 'const told = wish(room)'],
    ['a.ts', "const key = 'told'"],
    ['a.ts', '// Who decides? The policy.'],
    ['a.md', '`room` and [text](room.md)'],
    ['a.md', '```\nroom\n```'],
  ])('accepts %s: %s', (file, line) => {
    expect(findWords(file, line)).toEqual([])
  })
})

describe('the tree', () => {
  it.each(places)('%s: plain words only', (place) => {
    expect(filesOf(place).flatMap(faultsIn)).toEqual([])
  })

  it('has no file header that begins with the name of its module', () => {
    const headers = globSync('src/**/*.ts', { cwd: root }).filter((file) =>
      /^\/\/ (?:Room|Module)\b/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(headers).toEqual([])
  })
})
