import { describe, expect, it } from 'vitest'
import type { MergeOptions } from './hiera-merge.ts'
import { openHiera } from './hiera.ts'
import { plainOf } from '../located.ts'
import { memoryFiles } from '../files/memory-files.ts'
import { collectProblems, formatProblem } from '../data-problem.ts'

const scope = {
  facts: { hostname: 'mx-01', domain: 'example.org', role: 'mx', os: { family: 'Debian' }, count: 3 },
  certname: 'mx-01.example.org',
}
const levels = `version: 5
hierarchy:
  - { name: node, path: "nodes/%{trusted.certname}.yaml" }
  - { name: role, paths: ["roles/%{facts.role}.yaml", "os/%{facts.os.family}.yaml"] }
  - { name: shared, glob: "shared/*.yaml" }
  - { name: common, path: common.yaml }
`

function open(files: Record<string, string>, hieraYaml = levels) {
  const list = collectProblems()
  const texts = Object.fromEntries(Object.entries(files).map(([name, text]) => [`/h/data/${name}`, text]))
  const hiera = openHiera('/h/hiera.yaml', scope, {
    files: memoryFiles({ '/h/hiera.yaml': hieraYaml, ...texts }),
    problems: list,
  })
  const lookup = (key: string, otherwise?: MergeOptions) => {
    const value = hiera.lookup(key, otherwise)
    return value && plainOf(value)
  }
  return { hiera, lookup, problems: () => list.problems.map((problem) => formatProblem(problem).replaceAll('/h/', '')) }
}

describe('hiera.yaml', () => {
  const problems = (text: string, files: Record<string, string> = { 'common.yaml': 'a: 1\n' }) =>
    open(files, `version: 5\n${text}\n`).problems()

  it.each([
    ['hierarchy: [{ name: a }]', 'hiera.yaml:2:13: error: a level needs one of path'],
    ['hierarchy: [{ name: a, paht: x }]', 'hiera.yaml:2:24: error: "paht" is not supported here'],
    ['hierachy: [{ name: a, path: x }]', 'hiera.yaml:2:1: error: "hierachy" is not supported here'],
    ['default_hierarchy: [{ name: a, path: x }]', 'hiera.yaml:2:1: error: "default_hierarchy" is not supported here'],
    ['defaults: { data_dir: x }', 'hiera.yaml:2:13: error: "data_dir" is not supported here'],
    ['defaults: data', 'hiera.yaml:2:11: error: expected a mapping of defaults, found "data"'],
  ])('refuses keys that would be ignored: %s', (text, message) => {
    expect(problems(text).some((problem) => problem.startsWith(message))).toBe(true)
  })

  it.each(['', '# moved away\n', '---\n'])('must not be empty: %j', (text) => {
    expect(open({ 'common.yaml': 'a: 1\n' }, text).problems()).toEqual([
      'hiera.yaml:0:0: error: the file is empty: expected "version: 5" (Hiera 5)',
    ])
  })

  it('warns if no file exists, because the path is then wrong', () => {
    const warning = 'hiera.yaml:2:12: warning: no file of this hierarchy exists: check "datadir" and the paths'
    expect(problems('hierarchy: [{ name: a, path: x.yaml }, { name: b, glob: "*.yml" }]')).toEqual([warning])
    expect(problems('hierarchy: [{ name: a, path: x.yaml }, { name: b, glob: "*.yaml" }]')).toEqual([])
    expect(problems('hierarchy: [{ name: a, path: common.yaml }]', { 'common.yaml': '' })).toEqual([])
  })
})

describe('hierarchy', () => {
  const files = {
    'nodes/mx-01.example.org.yaml': 'a: node\n',
    'nodes/mx-02.example.org.yaml': 'a: other\n',
    'roles/mx.yaml': 'a: role\nb: role\n',
    'os/Debian.yaml': 'b: os\nc: os\n',
    'shared/2.yaml': 'c: two\nd: two\n',
    'shared/1.yaml': 'd: one\ne: one\n',
    'common.yaml': 'e: common\nf: common\n',
  }
  it.each([
    ['a', 'node'],
    ['b', 'role'],
    ['c', 'os'],
    ['d', 'one'],
    ['e', 'one'],
    ['f', 'common'],
    ['g', null],
  ])('%s is %s', (key, value) => expect(open(files).lookup(key)).toBe(value))

  it('lists the files that it reads, existing or not, for a watcher', () => {
    expect(open({ 'common.yaml': 'a: 1\n' }).hiera.files).toContain('/h/data/nodes/mx-01.example.org.yaml')
  })

  it('lists all keys with the place in the highest level', () => {
    expect(open(files).hiera.keys().get('b')).toEqual({ file: '/h/data/roles/mx.yaml', line: 2, column: 1 })
  })

  it('is one common.yaml if hiera.yaml has no levels', () => {
    expect(open({ 'common.yaml': 'a: 1\n' }, 'version: 5\n').lookup('a')).toBe(1)
  })

  it('takes datadir from the level or the defaults, also absolute', () => {
    const text =
      'version: 5\ndefaults: { datadir: /h/data/x }\nhierarchy:\n  - { name: a, path: a.yaml }\n  - { name: b, datadir: data/y, path: a.yaml }\n'
    const { lookup } = open({ 'x/a.yaml': 'k: x\n', 'y/a.yaml': 'k: why\nl: why\n' }, text)
    expect([lookup('k'), lookup('l')]).toEqual(['x', 'why'])
  })

  it('reads JSON data', () => {
    const text = 'version: 5\nhierarchy: [{ name: j, data_hash: json_data, path: j.json }]\n'
    expect(open({ 'j.json': '{"a": {"b": [1]}}' }, text).lookup('a')).toEqual({ b: [1] })
  })

  it.each([
    ['version: 3\n', 'hiera.yaml:1:10: error: expected "version: 5" (Hiera 5)'],
    ['hierarchy: []\n', 'hiera.yaml:1:1: error: expected "version: 5" (Hiera 5)'],
    ['version: 5\nhierarchy: common\n', 'hiera.yaml:2:12: error: expected a list of levels, found "common"'],
    ['version: 5\nhierarchy: [x]\n', 'hiera.yaml:2:13: error: expected a level with name and path, found "x"'],
    [
      'version: 5\nhierarchy: [{ name: v, lookup_key: hiera_vault }]\n',
      'hiera.yaml:2:36: error: back end "hiera_vault" is not supported: use YAML or JSON data',
    ],
  ])('refuses %j', (text, problem) => expect(open({}, text).problems()).toEqual([problem]))

  it('refuses unknown keys in a level', () => {
    const text = 'version: 5\nhierarchy: [{ name: v, mapped_paths: [a, b, c] }]\n'
    expect(open({}, text).problems()[0]).toContain('"mapped_paths" is not supported here')
  })

  it('reports a missing hiera.yaml and invalid data with their places', () => {
    const list = collectProblems()
    openHiera('/none.yaml', scope, { files: memoryFiles({}), problems: list })
    expect(list.problems.map(formatProblem)).toEqual(['/none.yaml:0:0: error: no such file'])
    expect(open({ 'common.yaml': 'a: [1\n' }).problems()[0]).toMatch(/^data\/common\.yaml:\d+:\d+: error/)
  })
})

describe('lookup_options', () => {
  const node = 'l: [a, b]\nh: { x: 1, deep: { p: 1 }, list: [a] }\ns: node\n'
  const common = 'l: [b, c]\nh: { y: 2, deep: { q: 2 }, list: [b] }\ns: common\n'
  const merge = (key: string, how: string, more = '') => {
    const files = {
      'nodes/mx-01.example.org.yaml': node + more,
      'common.yaml': `${common}lookup_options: { ${key}: { merge: ${how} } }\n`,
    }
    const opened = open(files)
    return { value: opened.lookup(key.replace(/^'\^(.).*/, '$1')), problems: opened.problems() }
  }
  it.each([
    ['l', 'first', ['a', 'b']],
    ['l', 'unique', ['a', 'b', 'c']],
    ['s', 'unique', ['node', 'common']],
    ['h', 'hash', { x: 1, deep: { p: 1 }, list: ['a'], y: 2 }],
    ['h', 'deep', { x: 1, deep: { p: 1, q: 2 }, list: ['b', 'a'], y: 2 }],
    ['h', '{ strategy: deep, sort_merged_arrays: true }', { x: 1, deep: { p: 1, q: 2 }, list: ['a', 'b'], y: 2 }],
    ["'^h.*'", 'hash', { x: 1, deep: { p: 1 }, list: ['a'], y: 2 }],
  ])('%s by %s', (key, how, value) => expect(merge(key, how)).toEqual({ value, problems: [] }))

  it('an exact key takes precedence over a pattern', () => {
    const files = {
      'nodes/mx-01.example.org.yaml': 'l: [a]\n',
      'common.yaml': "l: [b]\nlookup_options: { '^.': { merge: first }, l: { merge: unique } }\n",
    }
    expect(open(files).lookup('l')).toEqual(['a', 'b'])
  })

  it('the options of a higher level take precedence', () => {
    const files = {
      'nodes/mx-01.example.org.yaml': 'l: [a]\nlookup_options: { l: { merge: first } }\n',
      'common.yaml': 'l: [b]\nlookup_options: { l: { merge: unique } }\n',
    }
    expect(open(files).lookup('l')).toEqual(['a'])
  })

  it('knock-outs remove values, keys and whole entries of lower levels', () => {
    const files = {
      'nodes/mx-01.example.org.yaml': "h: { list: ['--b', d], '--gone': ~, out: '--' }\n",
      'common.yaml':
        "h: { list: [a, b, c], gone: x, out: y, stays: z }\nlookup_options: { h: { merge: { strategy: deep, knockout_prefix: '--' } } }\n",
    }
    expect(open(files).lookup('h')).toEqual({ list: ['a', 'c', 'd'], stays: 'z' })
  })

  it('reports values that cannot be merged, and unknown strategies', () => {
    expect(merge('s', 'hash').problems).toEqual([
      'data/nodes/mx-01.example.org.yaml:3:4: error: merge strategy "hash" needs mappings, found "node"',
    ])
    expect(merge('h', 'unique').problems[0]).toContain('merge strategy "unique" cannot merge a mapping')
    expect(merge('s', 'sideways').problems).toEqual([
      'data/common.yaml:4:31: error: unknown merge strategy "sideways": expected first, unique, hash or deep',
    ])
    expect(merge("'^('", 'first').problems[0]).toContain('is not a valid regular expression')
  })

  it('warns if the default strategy hides a lower level', () => {
    const { lookup, problems } = open({ 'nodes/mx-01.example.org.yaml': 'l: [a]\n', 'common.yaml': 'l: [b]\n' })
    expect(lookup('l')).toEqual(['a'])
    expect(problems()).toEqual([
      'data/common.yaml:1:4: warning: "l" is hidden by /h/data/nodes/mx-01.example.org.yaml:1: to merge both, set lookup_options "l: { merge: deep }"'.replace(
        '/h/',
        '',
      ),
    ])
    expect(lookup('l', { strategy: 'deep' })).toEqual(['b', 'a'])
  })
})

describe('interpolation', () => {
  it.each([
    ['%{facts.hostname}', 'mx-01'],
    ['%{::hostname}.%{domain}', 'mx-01.example.org'],
    ['%{facts.os.family} %{count}', 'Debian 3'],
    ["%{facts.'os'.family}", 'Debian'],
    ['%{trusted.certname}', 'mx-01.example.org'],
    ["%{literal('%')}{x}", '%{x}'],
    ["%{scope('role')}", 'mx'],
    ["root@%{lookup('place')}", 'root@here'],
    ["root@%{hiera('place')}", 'root@here'],
    ['no percent { sign }', 'no percent { sign }'],
  ])('%s', (text, value) => {
    expect(open({ 'common.yaml': `v: ${JSON.stringify(text)}\nplace: here\n` }).lookup('v')).toBe(value)
  })

  it('applies to keys, lists and nested mappings', () => {
    const text = 'v: { "%{role}": ["a-%{role}", { b: "%{role}" }] }\n'
    expect(open({ 'common.yaml': text }).lookup('v')).toEqual({ mx: ['a-mx', { b: 'mx' }] })
  })

  it('alias() returns a whole value', () => {
    expect(open({ 'common.yaml': 'v: "%{alias(\'w\')}"\nw: [a, { b: 1 }]\n' }).lookup('v')).toEqual(['a', { b: 1 }])
  })

  it('warns of unknown variables, refuses unknown keys', () => {
    const { lookup, problems } = open({
      'common.yaml': 'v: "x%{nothing}"\nw: "%{alias(\'gone\')}"\nx: "%{lookup(\'gone\')}"\n',
    })
    expect([lookup('v'), lookup('w'), lookup('x')]).toEqual(['x', "%{alias('gone')}", ''])
    expect(problems()).toEqual([
      'data/common.yaml:1:4: warning: unknown variable %{nothing}: it is replaced by an empty text',
      'data/common.yaml:2:4: error: no Hiera key "gone"',
      "data/common.yaml:3:4: error: %{lookup('gone')} is not a text",
    ])
  })

  it('a loop of look-ups ends', () => {
    const { lookup, problems } = open({ 'common.yaml': 'v: "%{lookup(\'w\')}"\nw: "%{lookup(\'v\')}"\n' })
    expect(lookup('v')).toBe('')
    expect(problems().length).toBeGreaterThan(0)
  })

  it('cannot read properties of JavaScript objects', () => {
    expect(open({ 'common.yaml': 'v: "x%{facts.constructor.name}%{__proto__}%{constructor}"\n' }).lookup('v')).toBe('x')
  })
})

it.each([
  ['"shared/*.yaml"', ['/h/data/shared']],
  ['"*.yaml"', ['/h/data']],
  ['"sites/*/mail/*.yaml"', ['/h/data/sites', '/h/data/sites/a/mail']],
  ['"/etc/mail.d/*.yaml"', ['/etc/mail.d']],
])('lists the folders of a glob, for a file that is added later: %s', (glob, folders) => {
  const yaml = `version: 5\nhierarchy: [{ name: a, glob: ${glob} }]\n`
  const { hiera } = open({ 'sites/a/mail/b.yaml': 'a: 1\n' }, yaml)
  expect(hiera.folders).toEqual(folders)
})

describe('keys with dots', () => {
  const data = {
    'common.yaml': 'hosts: { lists: { name: l.example.org } }\npair: [a, b]\nx.y: whole\nvalue: "%{lookup(\'KEY\')}"\n',
  }
  const value = (key: string) => {
    const { lookup, problems } = open({ 'common.yaml': data['common.yaml'].replace('KEY', key) })
    return [lookup('value'), problems()]
  }

  it.each([
    ['hosts.lists.name', 'l.example.org'],
    ['pair.1', 'b'],
    ['x.y', 'whole'],
  ])('descend into values: %s', (key, text) => expect(value(key)).toEqual([text, []]))

  it.each(['hosts.lists.nome', 'pair.2', 'pair.x', 'hosts.lists', 'x.z'])('%s is not a text', (key) => {
    expect(value(key)[1]).toEqual([`data/common.yaml:4:8: error: %{lookup('${key}')} is not a text`])
  })
})

it("takes other modules' patterns as Ruby does", () => {
  const { problems, lookup } = open({
    'common.yaml': "lookup_options: { '^[\\w-]+::a$': { merge: unique } }\nb::a: [x, x]\n",
  })
  expect(lookup('b::a')).toEqual(['x'])
  expect(problems()).toEqual([])
})
