// The pages are consistent: links have targets, lines have at most 100 columns, docs/requirements.md names tests that exist, the module
// table of the architecture page is the import rule, and every decision and page is in its index.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NAMESPACE, ownSections } from '../src/directory/read/mail-keys.ts'
import { defaultLimits } from '../src/server/server-limits.ts'
import { replyClasses } from '../src/smtp/reply-class.ts'
import { allowedArrows } from './lib/import-rules.ts'

const root = join(import.meta.dirname, '..')
const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'hiera-examples/*.md'], { cwd: root })
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

describe('docs/explanation/architecture.md', () => {
  const page = read('docs/explanation/architecture.md')

  it('has the modules and imports of the import rule', () => {
    const rows = [...page.matchAll(/^\| `([\w.-]+)` \|.*\| ([\w, .-]+) \|$/gm)].map(([, module, imports]) => {
      const names = imports === 'any' ? ['*'] : imports === 'nothing' ? [] : (imports as string).split(', ')
      return [module, names.toSorted()]
    })
    const rule = Object.entries(allowedArrows).map(([module, imports]) => [module, imports.toSorted()])
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(rule))
  })

  it('has at most 650 words beside the diagram', () => {
    const words = page.replaceAll(/^```.*?^```$/gms, '').match(/\S*\w\S*/g) ?? []
    expect(words.length).toBeLessThanOrEqual(650)
  })
})

/** Tables, code, headings with links and the generated pages cannot be wrapped. */
const generated = [
  'configuration.md',
  'events.md',
  'metrics.md',
  'personal-data.md',
  'commands.md',
  'benchmarks.md',
  'docs/limits.md',
  'docs/attacks.md',
]
const handWritten = pages.filter((page) => !generated.some((name) => page.endsWith(`/${name}`) || page === name))

it.each(handWritten)('%s: prose has at most 100 columns', (page) => {
  const prose = read(page)
    .replaceAll(/^ *```.*?^ *```$/gms, '')
    .split('\n')
  expect(prose.filter((line) => line.length > 100 && !/^ *\|/.test(line) && line.includes(' '))).toEqual([])
})

/** Paths below src/ and test/ that a text names; `*` is a wildcard. */
const pathsIn = (text: string) =>
  [...text.matchAll(/(?<![\w/.])(?:src|test)\/[\w./*-]*[\w*]/g)].map((match) => match[0].replace(/\.$/, ''))

it.each(pages)('%s: names source files that exist', (page) => {
  expect(pathsIn(read(page)).filter((path) => globSync(path, { cwd: root }).length === 0)).toEqual([])
})

it('source files and tests name pages that exist', () => {
  const files = globSync(
    ['{src,test}/**/*.{ts,yaml}', 'roles/*.yaml', 'deploy/{*.*,waypost,puppet/**/*.*}', '.ci/*', 'Dockerfile'],
    {
      cwd: root,
    },
  )
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/\bdocs\/[\w/-]+\.(?:md|json)/g)].map((match) => ({ file, page: match[0] })),
  )
  expect(named.filter(({ page }) => !existsSync(join(root, page)))).toEqual([])
})

/** The names in back-quotes in the first column of the table after a heading. */
function firstColumn(page: string, heading: string): string[] {
  const text = read(page)
  const rows = text.slice(text.indexOf(`\n## ${heading}\n`)).split('\n')
  const start = rows.findIndex((row) => row.startsWith('| '))
  const end = rows.findIndex((row, i) => i > start && !row.startsWith('|'))
  const cells = rows.slice(start + 2, end).map((row) => row.split(' | ')[0] as string)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string))
}

it('docs/reference/routing.md has every key of routing data', () => {
  const keys = ownSections.map((section) => `${NAMESPACE}${section}`)
  expect(firstColumn('docs/reference/routing.md', 'Keys').toSorted()).toEqual(keys.toSorted())
})

it('docs/reference/replies.md has every class of replies', () => {
  expect(firstColumn('docs/reference/replies.md', 'Classes').toSorted()).toEqual([...replyClasses].toSorted())
})

it('docs/explanation/limits.md has the limits of the server', () => {
  const limits = new Map(
    [...read('docs/explanation/limits.md').matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map((row) => [row[1], row[2]]),
  )
  const minutes = (ms: number) => `${ms / 60_000} min`
  expect(limits.get('recipients of a transaction')).toBe(`${defaultLimits.recipients}`)
  expect(limits.get('size of a message')).toBe(`${defaultLimits.messageSize / 2 ** 20} MiB`)
  expect(limits.get('silence of a client')).toBe(minutes(defaultLimits.commandMs))
  expect(limits.get('age of a session')).toBe(minutes(defaultLimits.sessionMs))
  expect(limits.get('rate within DATA')).toMatch(new RegExp(`^${defaultLimits.dataRate} octets/s`))
  expect(limits.get('errors of a session')).toMatch(
    new RegExp(`from ${defaultLimits.softErrors}, .*; ${defaultLimits.hardErrors}$`),
  )
  expect(limits.get('failed logins of a session')).toBe(`${defaultLimits.failedAuth}`)
})

it('the pages name only commands that exist', () => {
  const commands = [...read('docs/reference/commands.md').matchAll(/^\| \[waypost ([\w -]+)\]/gm)].map((row) => row[1])
  const groups = new Set(commands.filter((name) => name?.includes(' ')).map((name) => name?.split(' ')[0]))
  const subgroups = commands.map((name) => name?.split(' ').slice(0, 2).join(' '))
  expect(commands.length).toBeGreaterThan(20)
  const code = (text: string) => [...text.matchAll(/`[^`]+`|^ *```.*?^ *```$/gms)].map((match) => match[0])
  const named = pages.flatMap((page) =>
    code(read(page)).flatMap((block) =>
      [...block.matchAll(/(?<![/\w-])waypost ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:\|[a-z]+)*))?/g)].flatMap(
        ([, first, second]) =>
          groups.has(first) && second !== undefined
            ? second.split('|').map((one) => `${page}: ${first} ${one}`)
            : [`${page}: ${first}`],
      ),
    ),
  )
  expect(named.length).toBeGreaterThan(100)
  const known = new Set<string | undefined>([...commands, ...groups, ...subgroups])
  expect(named.filter((one) => !known.has(one.split(': ')[1]))).toEqual([])
})

it('the pages name only metrics that exist', () => {
  const names = (text: string) => [...text.matchAll(/\bwaypost_[a-z_]+/g)].map((match) => match[0])
  // With the tests, which have the complete names.
  const sources = globSync('src/**/*.ts', { cwd: root })
  const known = new Set(sources.flatMap((file) => names(read(file))))
  expect(known.size).toBeGreaterThan(20)
  const described = pages.filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/decisions/'))
  const isKnown = (name: string) => known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, ''))
  expect(described.flatMap((page) => names(read(page))).filter((name) => !isKnown(name))).toEqual([])
})

describe('docs/rfc.md', () => {
  const sources = globSync('src/**/*.{ts,yaml}', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const cited = sources.flatMap((file) =>
    [...read(file).matchAll(/RFC (\d{3,4})/g)].map((match) => `${match[1]} ${file.split('/')[1]}`),
  )
  const rows = [...read('docs/rfc.md').matchAll(/^\| (\d+) \| .* \| (full|partly|no) \| ([\w., -]+) \|.*\|$/gm)]

  it('has every RFC that the code cites, once', () => {
    const numbers = rows.map((row) => row[1] as string)
    expect(numbers).toHaveLength(new Set(numbers).size)
    expect([...new Set(cited.map((one) => one.split(' ')[0] as string))].toSorted()).toEqual(numbers.toSorted())
  })

  it('names only modules that cite the RFC', () => {
    const named = rows.flatMap(([, number, , where]) =>
      (where as string).split(', ').map((module) => `${number} ${module}`),
    )
    expect(named.filter((one) => !cited.includes(one))).toEqual([])
  })
})

it('docs/README.md lists every page', () => {
  const listed = read('docs/README.md')
  const expected = globSync(['docs/*.md', 'docs/{tutorial,how-to,reference,explanation}/*.md'], { cwd: root })
    .map((page) => page.slice('docs/'.length))
    .filter((page) => page !== 'README.md')
  expect(expected.filter((page) => !listed.includes(`](${page})`))).toEqual([])
})

it('docs/decisions/README.md lists every decision', () => {
  const decisions = globSync('docs/decisions/[0-9]*.md', { cwd: root }).map((file) => file.split('/').at(-1) as string)
  expect(decisions.filter((file) => !read('docs/decisions/README.md').includes(`](${file})`))).toEqual([])
})
