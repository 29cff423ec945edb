// Data of other mail systems: nothing is ignored silently.

import { describe, expect, it } from 'vitest'
import { loadDirectory } from './load-directory.ts'
import type { DirectorySettings } from './load-directory.ts'
import { memoryFiles } from './files/memory-files.ts'
import { formatProblem } from './data-problem.ts'

function load(files: Record<string, string> | string, settings: Partial<DirectorySettings> = {}) {
  const texts = typeof files === 'string' ? { 'm.yaml': files } : files
  const scope = { facts: {}, certname: 'n' }
  const loaded = loadDirectory({ mainDomain: 'example.org', mail: ['m.yaml'], scope, ...settings }, memoryFiles(texts))
  const alias = (key: string) => {
    const found = loaded.directory?.find(key)
    return found?.kind === 'found' ? found.value.alias : undefined
  }
  return { ...loaded, alias, problems: loaded.problems.map(formatProblem) }
}

const hieraYaml = 'version: 5\nhierarchy: [{ name: n, path: n.yaml }, { name: c, path: c.yaml }]\n'

describe('keys of other programs', () => {
  it.each([
    ['mta_mode: inbound\n', 'set "role:" in the node\'s YAML'],
    ['plain_auth_logins: { printer@example.org: "{SSHA512}SECRET" }\n', 'put logins into the passwd-file'],
    ['trusted_networks: [192.0.2.0/24]\n', 'an IP address does not authorise sending'],
    ['signing_table: ["*@example.org main"]\n', 'each domain of ours with a key under "dkim:"'],
    ['key_table: ["main example.org:s2025:/etc/keys/s2025.key"]\n', 'put keys under "dkim:"'],
  ])('%s gets a warning, in a file and in a hierarchy', (text, advice) => {
    const key = text.split(':')[0]
    expect(load(text).problems).toEqual([
      expect.stringContaining(`m.yaml:1:1: warning: "${key}" is not used: ${advice}`),
    ])
    const files = { '/h/hiera.yaml': hieraYaml, '/h/data/c.yaml': `other::key: 1\n${text}` }
    const { problems } = load(files, { mail: [], hiera: '/h/hiera.yaml' })
    expect(problems).toEqual([expect.stringContaining(`/h/data/c.yaml:2:1: warning: "${key}" is not used: ${advice}`)])
    expect(problems.join()).not.toContain('SECRET')
  })

  it('lists of verifiable domains are compared with the data', () => {
    const text = `relay_domains: [a.example, b.example, c.example]
alias_domains: { d.example: a.example }
transports: { a.example: 'smtp:[x.example.org]' }
forwards: { kim: k@far.example }
catch_all: { b.example: kim }
verify_domains: [a.example, b.example, c.example, d.example, far.example]
unverifiable_domains: [a.example, c.example, d.example]
`
    expect(load(text).problems).toEqual([
      'm.yaml:6:18: warning: a.example: the transport at m.yaml:3 accepts any recipient unverified',
      'm.yaml:6:29: warning: b.example: the catch-all at m.yaml:5 accepts any recipient unverified',
      'm.yaml:6:51: warning: d.example: the transport at m.yaml:3 accepts any recipient unverified',
      'm.yaml:6:62: warning: far.example is not a domain of ours: mail for it is refused',
      'm.yaml:7:35: warning: c.example: unknown recipients are refused, because it has no transport or catch-all',
    ])
  })
})

describe('unknown keys of records', () => {
  it.each([
    ['domains: { a.example: { relay: true } }\n', '1:25: error: unknown key "relay"'],
    ['transports: { a.example: { next_hop: "smtp:[x.example.org]", port: 25 } }\n', '1:62: error: unknown key "port"'],
    ['discards: { a: { text: x, until: y } }\n', '1:27: error: unknown key "until"'],
    ['rewrites: [{ pattern: x, to: a@far.example, flags: i }]\n', '1:45: error: unknown key "flags"'],
    [
      'profile::mx::static_transport_maps: { t: { type: hash, content: "", owner: root } }\n',
      '1:69: error: unknown key "owner"',
    ],
    [
      'profile::mx::domain_aliases: { example.org: [{ pattern: /x/, addresses: [a@far.example], to: b }] }\n',
      '1:90: error: unknown key "to"',
    ],
    [
      'mailing-lists: { a: { forwardTo: [b@far.example], loginAccount: { quota: 1 } } }\n',
      '1:67: error: unknown key "loginAccount.quota": expected storeEmail: false',
    ],
    [
      'mailing-lists: { a: { forwardTo: [b@far.example], loginAccount: { storeEmail: true } } }\n',
      '1:79: error: "loginAccount.storeEmail": expected false, because Waypost has no mailboxes',
    ],
    [
      'mailing-lists: { a: { forwardTo: [b@far.example], loginAccount: SECRET } }\n',
      '1:65: error: "loginAccount": expected a record, found a text',
    ],
    [
      'mailing-lists: { a: { forwardTo: [b@far.example], loginAccount: { hashedPassword: SECRET } } }\n',
      '1:67: error: "loginAccount.hashedPassword": routing data hold no passwords',
    ],
    ['rewrites: [{ pattern: x, to: [] }]\n', '1:30: error: "x" has no targets'],
    [
      'rewrites: [{ pattern: x, to: a@far.example, domain: far.example }]\n',
      '1:12: error: far.example is not a domain of ours',
    ],
  ])('%s', (text, expected) => {
    const { problems } = load(text)
    expect(problems).toEqual([expect.stringContaining(`m.yaml:${expected}`)])
    expect(problems.join()).not.toContain('SECRET')
  })

  it('accepts an account without mailbox and password', () => {
    const text = 'mailing-lists: { a: { forwardTo: [b@far.example], loginAccount: { storeEmail: false } } }\n'
    expect(load(text).problems).toEqual([])
  })

  it.each([
    [
      'virtual: user=mail group=mail directory=/srv/mail\n',
      'is a line of a virtual-domain file: name its aliases(5) file under "mail:"',
    ],
    ['list: "|/bin/x"\n', 'is a command'],
  ])('lines of other mail systems: %s', (text, expected) => {
    expect(load({ aliases: text }, { mail: ['aliases'] }).problems).toEqual([expect.stringContaining(expected)])
  })

  it('.forward files in a folder', () => {
    const files = {
      'd/m.yaml': 'forwards: { a: b@far.example }\n',
      'd/.forward-news': 'kim\n',
      'd/.forward-default': 'kim\n',
    }
    expect(load(files, { mail: ['d'] }).problems).toEqual([
      'd/.forward-default:0:0: error: Waypost does not read .forward files: write it under mail::catch_all',
      'd/.forward-news:0:0: error: Waypost does not read .forward files: write it as an alias "USER-news"',
    ])
  })
})

describe('comments beside an entry', () => {
  const text = `domains: [a.example]
forwards: { k: k@far.example, l: l@far.example }
aliases:
  one: k # scalar
  two: [k, l] # flow
  # of the next
  three: # behind the key
    - k
    # - old
    - l
  four: { to: k } # record
  five: { to: k, comment: written } # behind
  six: &six [k] # anchored
  seven: *six
  eight:
    # remark
    - k
`
  it.each([
    ['one', 'scalar'],
    ['two', 'flow'],
    ['three', 'behind the key'],
    ['four', 'record'],
    ['five', 'written'],
    ['six', 'anchored'],
    ['eight', undefined],
  ])('%s', (name, comment) => {
    const { alias, problems } = load(text)
    expect(problems).toEqual([])
    expect(alias(`${name}@example.org`)?.comment).toBe(comment)
  })

  it('are equal in readYamlLines', () => {
    const lines = Array.from({ length: 4_000 }, (_, index) => `  x${index}: [k, l] # number ${index}`).join('\n')
    expect(load(`${text}${lines}\n`).alias('x3999@example.org')?.comment).toBe('number 3999')
  })
})

describe('absent', () => {
  const there = 'aliases: { press: k@far.example }\n'
  const gone = 'mail_aliases: { press: { ensure: absent } }\n'

  it('in another file removes the entry, in any order of files', () => {
    for (const mail of [
      ['a.yaml', 'b.yaml'],
      ['b.yaml', 'a.yaml'],
    ]) {
      const { directory, problems } = load({ 'a.yaml': there, 'b.yaml': gone }, { mail })
      expect(problems).toEqual([])
      expect(directory?.addresses.get('press@example.org') ?? {}).toEqual({})
    }
  })

  it('in the same file is an error', () => {
    expect(load(`${there}${gone}`).problems).toEqual([
      'm.yaml:2:17: error: "press" is absent here and defined at m.yaml:1',
    ])
    const records = 'etc_aliases__recipients: [{ name: a, state: absent }, { name: a, dest: k@far.example }]\n'
    expect(load(records).problems).toEqual(['m.yaml:1:55: error: "a" is defined here and absent at m.yaml:1'])
  })
})

it('warns once of each group without recipients', () => {
  const text = `alias_domains: [alias.example]
aliases:
  empty: []
  one: empty+tag
  two: [one, empty@alias.example]
  three: [two, k@far.example]
  kept: [empty, kept]
forwards: { kept: k@far.example }
`
  expect(load(text).problems).toEqual([
    'm.yaml:3:3: warning: no targets: mail to this address is refused; to discard it, use mail::discards',
    'm.yaml:4:8: warning: one@example.org has no recipients: empty+tag@example.org has no targets',
    'm.yaml:5:9: warning: two@example.org has no recipients: one@example.org, empty@alias.example have no targets',
  ])
})

it('assertions of several files are concatenated', () => {
  const one = (name: string) => `assertions: [{ address: ${name}, refused: true }]\n`
  const { directory } = load({ 'a.yaml': one('a'), 'b.yaml': one('b') }, { mail: ['a.yaml', 'b.yaml'] })
  expect(directory?.assertions).toMatchObject({ kind: 'list', items: [{}, {}] })
})
