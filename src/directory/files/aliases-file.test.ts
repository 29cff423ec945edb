import { describe, expect, it } from 'vitest'
import { readAliasesFile } from './aliases-file.ts'
import { loadDirectory } from '../load-directory.ts'
import { plainOf } from '../located.ts'
import { memoryFiles } from './memory-files.ts'
import { collectProblems, formatProblem } from '../data-problem.ts'

function read(text: string) {
  const list = collectProblems()
  const value = readAliasesFile('aliases', text, list)
  return { plain: plainOf(value), value, problems: list.problems.map(formatProblem) }
}

const load = (text: string) => {
  const files = memoryFiles({
    '/etc/aliases': text,
    'm.yaml':
      "forwards: { kim: k@far.example, lee: l@far.example }\ntransports: { sam@example.org: 'lmtp:[::1]:24' }\n",
  })
  const loaded = loadDirectory(
    { mainDomain: 'example.org', mail: ['/etc/aliases', 'm.yaml'], scope: { facts: {}, certname: 'n' } },
    files,
  )
  return { ...loaded, problems: loaded.problems.map(formatProblem) }
}

describe('readAliasesFile', () => {
  it('reads names, lists, comments, continuation lines and quotes', () => {
    const text = `# usual ones
postmaster: kim
press:  kim, lee@example.org,
  # in the middle of an entry
\tsam
   "odd, name"@far.example

  # an indented comment belongs to no entry
	# nor does one behind a tab
"web master" :kim
`
    expect(read(text)).toMatchObject({
      plain: {
        postmaster: ['kim'],
        press: ['kim', 'lee@example.org', 'sam', '"odd, name"@far.example'],
        '"web master"': ['kim'],
      },
      problems: [],
    })
  })

  it('has the place of every target', () => {
    const [, press] = read('a: b\npress: kim,  lee,\n  sam\n').value.entries
    const places =
      press?.value.kind === 'list' ? press.value.items.map((item) => `${item.place.line}:${item.place.column}`) : []
    expect(places).toEqual(['2:8', '2:14', '3:3'])
  })

  it('reports malformed lines and duplicates', () => {
    expect(read('kim\nroot: kim\n: x\nROOT: lee\n').problems).toEqual([
      'aliases:1:1: error: expected "name: target, target"',
      'aliases:3:1: error: expected "name: target, target"',
      'aliases:4:1: error: duplicate "ROOT", first written in line 2',
    ])
  })
})

describe('an aliases(5) file as a source', () => {
  it('is recognised by its name without a YAML extension', () => {
    const { directory, problems } = load('root: kim, \\sam\nsam: \\sam, lee\n')
    expect(problems).toEqual([])
    expect(directory?.find('root@example.org')).toMatchObject({
      value: { alias: { source: '/etc/aliases:1', targets: [{ local: 'kim' }, { local: 'sam' }] } },
    })
  })

  it('may have names that need quotes, and names with needless quotes', () => {
    const { directory, problems } = load('"web master": kim\n"desk:1": kim\n"press": lee\n"Kim@example.org": lee\n')
    expect(problems).toEqual([])
    const aliases = [...(directory?.addresses ?? [])].filter(([, record]) => record.alias).map(([key]) => key)
    expect(aliases).toEqual(
      ['web master', 'desk:1', 'press', 'kim'].map((local) => expect.stringMatching(`^${local}@example\\.org$`)),
    )
  })

  it('refuses programs, files and includes by name', () => {
    expect(load('a: "|/usr/bin/vacation kim"\nb: /var/mail/b\nc: :include:/etc/staff\n').problems).toEqual([
      '/etc/aliases:1:4: error: "|/usr/bin/vacation kim" is a command: Waypost runs no programs; use a transport',
      '/etc/aliases:2:4: error: "/var/mail/b" is a file: Waypost has no mailboxes; use a transport',
      '/etc/aliases:3:4: error: ":include:/etc/staff": include files are not read; write the addresses as a list',
    ])
  })

  it('discards the mail of an alias to /dev/null, as Postfix does', () => {
    const { directory, problems } = load('games: /dev/null\nbin: "/dev/null"\npress: kim, /dev/null\nops: bin\n')
    expect(problems).toEqual([])
    const text = 'discarded: the alias has the target /dev/null'
    expect(directory?.find('games@example.org')).toEqual({
      kind: 'found',
      value: { discard: { text, source: '/etc/aliases:1' } },
    })
    expect(directory?.find('bin@example.org')).toMatchObject({ value: { discard: { text } } })
    expect(directory?.find('press@example.org')).toMatchObject({ value: { alias: { targets: [{ local: 'kim' }] } } })
  })

  it('must not repeat an entry of another file', () => {
    expect(load('x: kim\nkim: lee\n').problems).toEqual([])
    expect(load('X: kim\n').directory?.find('x@example.org').kind).toBe('found')
  })
})
