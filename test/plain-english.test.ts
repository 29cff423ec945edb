// All prose of the tree is plain technical English: comments, messages and test titles in src and test, the pages, the role files and the
// files for deployment. The rules are in CONTRIBUTING.md, the words in test/lib/word-list.ts.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findWords } from './lib/word-list.ts'

const root = join(import.meta.dirname, '..')

/** Texts that are not ours to change, as `file: text of the line`. */
const exceptions: readonly string[] = []

const places = ['src', 'test', 'docs', 'roles', 'deploy', 'hiera-examples', '*.md']

function filesOf(place: string): string[] {
  const pattern = place.includes('*') ? place : `${place}/**/*`
  return globSync(pattern, {
    cwd: root,
    exclude: ['test/fixtures', 'test/lib/word-list.ts', 'test/plain-english.test.ts'],
  }).filter((file) => /\.(?:ts|cjs|md|ya?ml|service|toml)$|(?:Dockerfile|deploy\/waypost)$/.test(file))
}

describe('the word list', () => {
  it.each([
    ['a.ts', '// Nobody reads this.'],
    ['a.ts', ' *  who may relay is decided elsewhere'],
    ['a.ts', "log.info('the queue told nobody')"],
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
  it.each(places)('%s has plain words only', (place) => {
    const found = filesOf(place).flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      const lines = text.split('\n')
      return findWords(file, text)
        .filter(({ line }) => !exceptions.includes(`${file}: ${lines[line - 1]?.trim()}`))
        .map(({ line, found: words, instead }) => `${file}:${line}: "${words}": ${instead}`)
    })
    expect(found).toEqual([])
  })

  it('needs every exception', () => {
    const needed = exceptions.filter((exception) => {
      const [file = ''] = exception.split(': ')
      return readFileSync(join(root, file), 'utf8').includes(exception.slice(file.length + 2))
    })
    expect(needed).toEqual(exceptions)
  })
})
