// The pages hold together: links lead somewhere, tests that docs/requirements.md names exist, every decision is in the index.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/*.md', 'hiera-examples/*.md'], { cwd: root })
const read = (page: string) => readFileSync(join(root, page), 'utf8')

describe('pages', () => {
  it('are found', () => {
    expect(pages).toContain('README.md')
    expect(pages.length).toBeGreaterThan(10)
  })

  it.each(pages)('%s: links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => (match[1] as string).replace(/#.*/, ''))
    const local = links.filter((link) => link !== '' && !/^[a-z]+:/.test(link))
    expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })
})

describe('docs/requirements.md', () => {
  const rows = [...read('docs/requirements.md').matchAll(/^\| (\d+) \| .* \| (works|partly|not yet) \|(.*)\|$/gm)]

  it('has all 45 rows, each once', () => {
    expect(rows.map((row) => Number(row[1]))).toEqual(Array.from({ length: 45 }, (_unused, index) => index + 1))
  })

  it('names something that shows it in every row that claims anything', () => {
    expect(
      rows.filter(([, , state, shown]) => state !== 'not yet' && shown?.trim() === '').map((row) => row[1]),
    ).toEqual([])
  })

  it('names files that exist', () => {
    const named = rows.flatMap((row) =>
      [...(row[3] as string).matchAll(/\b(?:src|test)\/[\w./*-]*[\w*]/g)].map((match) => match[0]),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((file) => globSync(file, { cwd: root }).length === 0)).toEqual([])
  })
})

it('docs/decisions/README.md lists every decision', () => {
  const decisions = globSync('docs/decisions/[0-9]*.md', { cwd: root }).map((file) => file.split('/').at(-1) as string)
  expect(decisions.filter((file) => !read('docs/decisions/README.md').includes(`](${file})`))).toEqual([])
})
