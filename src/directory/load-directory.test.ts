import { describe, expect, it } from 'vitest'
import { loadDirectory } from './load-directory.ts'
import type { DirectorySettings } from './load-directory.ts'
import { memoryFiles } from './files/memory-files.ts'
import { formatProblem } from './data-problem.ts'

const scope = { facts: {}, certname: 'n' }

function load(files: Record<string, string> | string, settings: Partial<DirectorySettings> = {}) {
  const texts = typeof files === 'string' ? { 'm.yaml': files } : files
  const loaded = loadDirectory({ mainDomain: 'example.org', mail: ['m.yaml'], scope, ...settings }, memoryFiles(texts))
  return { ...loaded, problems: loaded.problems.map(formatProblem) }
}

describe('errors of mail data, each with file, line and column', () => {
  it.each([
    ['an unknown key', 'aliasses: {}\n', '1:1: error: unknown key "aliasses": did you mean "aliases"?'],
    ['an unknown key', 'mail::catchall: kim\n', '1:1: error: unknown key "mail::catchall": did you mean "catch_all"?'],
    ['a key like none', 'zebra: 1\n', /1:1: error: unknown key "zebra": expected one of domains, alias_domains/],
    [
      'a setting of another program',
      'mta_mode: inbound\n',
      '1:1: warning: "mta_mode" is not used: set "role:" in the node\'s YAML',
    ],
    ['a bad address on the left', 'discards: { "a b": x }\n', '1:13: error: "a b" is not an address'],
    ['two @', 'discards: { a@b@example.org: x }\n', '1:13: error: "a@b@example.org" is not an address'],
    [
      'a foreign address as key',
      'discards: { a@far.example: x }\n',
      '1:13: error: far.example is not a domain of ours: add it to mail::domains or mail::alias_domains',
    ],
    ['a bad address on the right', 'forwards: { a: "b@" }\n', '1:16: error: "b@" is not an address'],
    ['no value', 'forwards:\n  a:\n', '2:5: error: expected an address or a list of addresses, found nothing'],
    [
      'a record without targets',
      'forwards: { a: { comment: x } }\n',
      /1:13: error: no targets: expected one of to, targets/,
    ],
    [
      'a record with two targets fields',
      'forwards: { a: { to: b@far.example, dest: c@far.example } }\n',
      '1:37: error: "dest": the targets are already given',
    ],
    ['an unknown field', 'forwards: { a: { to: b@far.example, colour: red } }\n', /1:37: error: unknown key "colour"/],
    [
      'an invalid state',
      'forwards: { a: { to: b@far.example, ensure: maybe } }\n',
      '1:45: error: "ensure": expected present, absent or ignore',
    ],
    ['a bad tag', 'forwards: { a: { to: b@far.example, tag: lose } }\n', '1:42: error: "tag": expected keep or drop'],
    [
      'a command',
      'aliases: { a: "|/bin/vacation" }\n',
      '1:15: error: "|/bin/vacation" is a command: Waypost runs no programs; use a transport',
    ],
    [
      'a file',
      'aliases: { a: /var/mail/a }\n',
      '1:15: error: "/var/mail/a" is a file: Waypost has no mailboxes; use a transport',
    ],
    [
      'an include',
      'aliases: { a: ":include:/etc/staff" }\n',
      '1:15: error: ":include:/etc/staff": include files are not read; write the addresses as a list',
    ],
    [
      'a duplicate in another spelling',
      'forwards:\n  a: x@far.example\n  A@example.org: y@far.example\n',
      '3:3: error: duplicate "A@example.org", first written at m.yaml:2',
    ],
    [
      'a duplicate key',
      'forwards:\n  a: x@far.example\n  a: y@far.example\n',
      '3:3: error: duplicate key "a", first written in line 2',
    ],
    ['a bad domain', 'domains: [example_org]\n', '1:11: error: "example_org" is not a domain name'],
    ['a domain of one label', 'domains: [localhost]\n', '1:11: error: "localhost" is not a domain name'],
    [
      'an alias domain of a foreign domain',
      'alias_domains: { a.example: b.example }\n',
      '1:1: error: alias domain a.example: b.example is not a domain of ours',
    ],
    ['a loop of alias domains', 'alias_domains:\n  a.example: a.example\n', /alias domains form a loop at a\.example/],
    [
      'an alias domain of two domains',
      'domains: [c.example]\nalias_domains: { a.example: example.org, A.example: c.example }\n',
      '2:42: error: duplicate "a.example", first written at m.yaml:2',
    ],
    [
      'an invalid next hop',
      'transports: { example.org: "smtp:[x" }\n',
      /1:28: error: expected a next hop such as smtp:\[list/,
    ],
    [
      'an invalid expression',
      'rewrites: { "/^(/": a@far.example }\n',
      /1:13: error: "\/\^\(\/": Invalid regular expression/,
    ],
    [
      'an expression with exponential backtracking',
      'rewrites: { "/^(a+)+$/": a@far.example }\n',
      /1:13: error: "\/\^\(a\+\)\+\$\/" has nested repetitions/,
    ],
    [
      'a rewrite to a captured domain',
      'rewrites: { "/^(.*)=(.*)@/": "$1@$2" }\n',
      /1:30: error: "\$1@\$2": write the domain in full/,
    ],
    [
      'a rewrite to a captured address',
      'rewrites: { "/^(.*)@example.org$/": "\\\\1@\\\\2" }\n',
      /write the domain in full/,
    ],
    ['a rewrite to an invalid address', 'rewrites: { "/^x/": "a b@far.example" }\n', /expected an address/],
    ['a rewrite without target', 'rewrites: [{ pattern: x }]\n', /expected a record with pattern and to/],
    [
      'a user with a domain',
      'users: { kim@example.org: }\n',
      '1:10: error: "kim@example.org" is not a user name: write it without the domain',
    ],
    ['a user twice', 'users: [kim, Kim]\n', '1:14: error: duplicate user "kim", first written at m.yaml:1'],
    [
      'a user with a foreign address',
      'users: { kim: kim@far.example }\n',
      '1:10: error: kim@far.example is not in a domain of ours: write a foreign address under mail::forwards',
    ],
    [
      'two users of one address',
      'users: { kim: desk, lee: desk }\nforwards: { desk: x@far.example }\n',
      '1:21: error: duplicate "desk@example.org", first written at m.yaml:1',
    ],
    [
      'send-as for a foreign user',
      'send_as: { kim: kim@far.example }\n',
      '1:17: error: user "kim@far.example" is not in a domain of ours',
    ],
    ['a refusal with a long text', `refusals: { a: "${'x'.repeat(401)}" }\n`, /1 to 400 printable ASCII characters/],
    ['a refusal with a line break', 'refusals: { a: "x\\ny" }\n', /1 to 400 printable ASCII characters/],
    [
      'an invalid fingerprint',
      'certificates: { ci-01: abcd }\n',
      '1:24: error: "ci-01": expected SHA-256 fingerprints of 64 hex digits',
    ],
    ['a list where a mapping belongs', 'forwards: [a]\n', '1:11: error: expected a mapping, found a list'],
    [
      'a catch-all of a foreign domain',
      'catch_all: { far.example: kim@home.example.net }\n',
      '1:14: error: far.example is not a domain of ours: add it to mail::domains',
    ],
  ])('%s', (_, text, expected) => {
    const { problems, directory } = load(text)
    expect(problems).toHaveLength(1)
    if (typeof expected === 'string') expect(problems[0]).toBe(`m.yaml:${expected}`)
    else expect(problems[0]).toMatch(expected)
    expect(directory === null).toBe(problems[0]?.includes(' error: '))
  })

  it('all are reported at once', () => {
    const { problems } = load(
      'zebra: 1\nforwards:\n  a: "b@"\n  c: |-\n    d@far.example\n  e: [x@, "@y"]\nusers: [kim, kim]\n',
    )
    expect(problems.map((text) => text.split(': ')[0])).toEqual([
      'm.yaml:1:1',
      'm.yaml:7:14',
      'm.yaml:3:6',
      'm.yaml:6:7',
      'm.yaml:6:11',
    ])
  })

  it('a missing file', () => {
    expect(load({}).problems).toEqual(['m.yaml:0:0: error: no such file'])
  })
})

describe('the graph of aliases', () => {
  it('dangling targets, at the line of the target', () => {
    expect(load('aliases:\n  press:\n    - kim\n    - lee\nforwards: { kim: k@far.example }\n').problems).toEqual([
      'm.yaml:4:7: error: unknown address lee@example.org: no alias, forward, transport or catch-all (target of press@example.org)',
    ])
  })

  it('foreign targets without a public domain name', () => {
    expect(load('forwards: { a: root@localhost, b: "x@[192.0.2.1]", c: "y@10.0.0.1" }\n').problems).toEqual([
      'm.yaml:1:16: error: root@localhost: localhost is not a public domain name',
      'm.yaml:1:35: error: x@[192.0.2.1]: [192.0.2.1] is not a public domain name',
      'm.yaml:1:55: error: y@10.0.0.1: 10.0.0.1 is not a public domain name',
    ])
  })

  it('a copy for itself without forward or transport', () => {
    expect(load('aliases: { kim: [kim, k@far.example] }\n').problems).toEqual([
      'm.yaml:1:18: error: kim@example.org is a target of itself, but has no forward or transport',
    ])
  })

  it('loops, each once, with all members', () => {
    expect(load('aliases:\n  a: b\n  b: [c, x@far.example]\n  c: a\n').problems).toEqual([
      'm.yaml:4:6: error: loop: a@example.org → b@example.org → c@example.org → a@example.org',
    ])
    expect(load('alias_domains: [example.net]\naliases:\n  a: b@example.net\n  b: A+x@example.org\n').problems).toEqual(
      ['m.yaml:4:6: error: loop: a@example.org → b@example.org → a@example.org'],
    )
  })

  it('may be warnings only', () => {
    const { problems, directory } = load('aliases: { a: b, b: a, c: d }\n', {
      graph: { loops: 'warning', dangling: 'warning' },
    })
    expect(problems.map((text) => text.split(' ')[1])).toEqual(['warning:', 'warning:'])
    expect(directory).not.toBeNull()
  })

  it('accepts every target that the look-up resolves', () => {
    const text = `domains: [lab.example.org]
alias_domains: { example.net: example.org }
aliases:
  a: [kim+x, kim@example.net, postmaster, x@lists.example.org, any@lab.example.org, ex-kim, noreply, orders, root@web.example.org]
forwards: { kim: k@far.example, lab: l@far.example }
transports: { lists.example.org: 'smtp:[l.example.org]' }
catch_all: { lab.example.org: lab }
rewrites: { '/^ex-/': kim }
discards: [noreply]
refusals: [orders]
host_aliases: { web.example.org: { root: kim } }
`
    expect(load(text).problems).toEqual([])
  })

  it('warns of a catch-all that a transport hides, and of users without delivery', () => {
    const text = "transports: { example.org: 'smtp:[l.example.org]' }\ncatch_all: kim@far.example\n"
    expect(load(text).problems).toEqual([
      'm.yaml:2:12: warning: example.org has a transport (m.yaml:1): its catch-all has no effect',
    ])
    expect(load('users: [kim]\n').problems).toEqual([
      'm.yaml:1:1: warning: mail to kim@example.org is refused: the user has no alias, forward or transport',
    ])
  })

  it('follows five thousand links within the stack', () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `  a${n}: a${n + 1}`).join('\n')
    expect(load(`aliases:\n${lines}\nforwards: { a5000: x@far.example }\n`).problems).toEqual([
      expect.stringContaining('a4949@example.org resolves through more than 50 entries'),
    ])
  })
})

describe('several sources', () => {
  it('files add up; an entry must not be repeated', () => {
    const files = {
      'a.yaml': 'forwards: { kim: k@far.example }\n',
      'b.yaml': 'forwards: { KIM: l@far.example, lee: l@far.example }\n',
    }
    const { problems } = load(files, { mail: ['a.yaml', 'b.yaml'] })
    expect(problems).toEqual(['b.yaml:1:13: error: duplicate "KIM", first written at a.yaml:1'])
  })

  it('a folder of per-host fragments: domains of one apply to all, in any order', () => {
    const files = {
      'm.yaml': 'forwards: { kim: k@far.example }\n',
      'hosts/a.yaml': 'host_aliases: { b.example.org: { root: kim } }\n',
      'hosts/b.yaml': `alias_domains: { b.example.org: example.org }\ncertificates: { b: ["${'AB:'.repeat(31)}AB"] }\n`,
      'hosts/readme.txt': 'not: data\n',
    }
    const { directory, problems, files: read } = load(files, { mail: ['m.yaml', 'hosts'] })
    expect(problems).toEqual([])
    expect(read).toEqual(['m.yaml', 'hosts/a.yaml', 'hosts/b.yaml'])
    expect(directory?.domain('b.example.org')?.aliasOf).toEqual({ domain: 'example.org', source: 'hosts/b.yaml:1' })
    expect(directory?.find('root@b.example.org')).toMatchObject({ kind: 'found', value: { hostAlias: {} } })
    expect(directory?.certificates.get('b')).toEqual(['ab'.repeat(32)])
  })

  it('two hosts may export the same alias domain', () => {
    const text = 'alias_domains: { www.example.org: example.org }\n'
    expect(load({ 'hosts/a.yaml': text, 'hosts/b.yaml': text }, { mail: ['hosts'] }).problems).toEqual([])
  })

  it('of a hierarchy, a lower level in another spelling is hidden, with a warning', () => {
    const files = {
      '/h/hiera.yaml': 'version: 5\nhierarchy: [{ name: n, path: n.yaml }, { name: c, path: c.yaml }]\n',
      '/h/data/n.yaml': 'mail::forwards: { kim: new@far.example }\nother::key: 1\n',
      '/h/data/c.yaml':
        "mail::forwards: { kim@example.org: old@far.example }\nlookup_options: { '^mail::': { merge: hash } }\nmail::wrong: 1\n",
    }
    const { problems, directory } = load(files, { mail: [], hiera: '/h/hiera.yaml' })
    expect(problems).toEqual([
      '/h/data/c.yaml:3:1: error: unknown key "mail::wrong": expected one of domains, alias_domains, generic_domains, users, aliases, forwards, host_aliases, transports, catch_all, rewrites, send_as, discards, refusals, recipient_bcc, forward_policies, allow, block, certificates, assertions',
      '/h/data/c.yaml:1:19: warning: "kim@example.org" is hidden by /h/data/n.yaml:1',
    ])
    expect(directory).toBeNull()
  })
})

describe('the snapshot', () => {
  it('answers found with the source, otherwise absent, for every spelling of the key', () => {
    const { directory } = load('domains: [Shop.EXAMPLE]\nforwards: { Kim: K@far.example }\n')
    expect(directory?.find('kim@example.org')).toEqual({
      kind: 'found',
      value: { forward: { targets: [{ local: 'K', domain: 'far.example' }], source: 'm.yaml:2' } },
    })
    expect(directory?.find('lee@example.org')).toEqual({ kind: 'absent' })
    expect(directory?.domain('shop.example')).toEqual({ source: 'm.yaml:1' })
    expect(directory?.domain('example.org')).toEqual({ source: 'configuration' })
  })

  it('twenty thousand aliases, by readYamlLines', () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => `  a${n}: x${n}@far.example`).join('\n')
    const { directory, problems } = load(`forwards:\n${lines}\n`)
    expect(problems).toEqual([])
    expect(directory?.addresses.size).toBe(20_000)
    expect(directory?.find('a19999@example.org')).toMatchObject({ value: { forward: { source: 'm.yaml:20001' } } })
  })
})
