// Typing errors in mail data: each is read or reported, never ignored.

import { describe, expect, it } from 'vitest'
import { loadDirectory } from './load-directory.ts'
import { memoryFiles } from './files/memory-files.ts'
import { formatProblem } from './data-problem.ts'

const scope = { facts: {}, certname: 'n' }

function load(text: string) {
  const given = { mainDomain: 'example.org', mail: ['m.yaml'], scope }
  const loaded = loadDirectory(given, memoryFiles({ 'm.yaml': text }))
  return { ...loaded, problems: loaded.problems.map(formatProblem) }
}

function hiera(files: Record<string, string>) {
  const texts = { '/h/hiera.yaml': 'version: 5\nhierarchy: [{ name: n, paths: [n.yaml, c.yaml] }]\n', ...files }
  const loaded = loadDirectory({ mainDomain: 'example.org', hiera: '/h/hiera.yaml', scope }, memoryFiles(texts))
  return { ...loaded, problems: loaded.problems.map(formatProblem) }
}

describe('a key', () => {
  it.each(['"*"', '"*@example.org"', '"@example.org"'])('%s is distinguished from a catch-all', (name) => {
    expect(load(`forwards: { ${name}: kim@far.example }\n`).problems).toEqual([
      `m.yaml:1:13: error: ${name} is not an address: use mail::catch_all for a whole domain, mail::rewrites for a pattern`,
    ])
  })

  it('is equal however its letters are composed', () => {
    const { problems } = load('forwards: { "j\u00fcrgen": a@far.example, "Ju\u0308rgen": b@far.example }\n')
    expect(problems).toEqual([expect.stringContaining('duplicate "Ju\u0308rgen"')])
  })
})

describe('people', () => {
  const known = 'forwards: { kim: kim@far.example, k: kim@far.example }\n'

  it('have the addresses of nested lists', () => {
    const { directory } = load(`${known}users: { kim: [kim, [k]] }\n`)
    expect(directory?.users.get('kim')?.addresses.map(({ local }) => local)).toEqual(['kim', 'k'])
  })

  it('must not have a record as address', () => {
    expect(load(`${known}users: { kim: { addresses: { k: x } } }\n`).problems).toEqual([
      'm.yaml:2:28: error: expected an address or a list of addresses, found a mapping',
    ])
  })

  it('of a lower level are hidden in another spelling, too', () => {
    const options = 'lookup_options: { "^mail::": { merge: deep } }\n'
    const { directory, problems } = hiera({
      '/h/data/n.yaml': `${options}mail::users: { Kim: k }\n`,
      '/h/data/c.yaml': `mail::users: { kim: kim }\nmail::forwards: { kim: kim@far.example, k: kim@far.example }\n`,
    })
    expect(problems).toEqual(['/h/data/c.yaml:1:16: warning: user "kim" is hidden by /h/data/n.yaml:2'])
    expect(directory?.users.get('kim')?.addresses.map(({ local }) => local)).toEqual(['k'])
  })
})

describe('keys', () => {
  it.each(['domains', 'generic_domains', 'alias_domains', 'users', 'rewrites', 'catch_all', 'discards', 'assertions'])(
    '%s without a value is empty',
    (key) => expect(load(`${key}:\n`).problems).toEqual([]),
  )

  it.each(['mail:aliases', 'Mail::Aliases', 'mail:::aliases'])('of Hiera that are misspelt: %s', (key) => {
    const { problems } = hiera({ '/h/data/n.yaml': `"${key}": { kim: kim@far.example }\nmail::domains: []\n` })
    expect(problems).toEqual([`/h/data/n.yaml:1:1: error: unknown key "${key}": did you mean "aliases"?`])
  })

  it('of Hiera that belong to other modules are ignored', () => {
    const { problems } = hiera({
      '/h/data/n.yaml': 'mailman::aliases: {}\nmail: {}\nmail:server: x\nmail::domains: []\n',
    })
    expect(problems).toEqual([])
  })
})

it('a next hop in a record is reported as written', () => {
  expect(load("transports: { l.example.org: { next_hop: 'l.example.net' } }\n").problems[0]).toMatch(
    /^m\.yaml:1:30: error: expected a next hop .*, found "l\.example\.net"$/,
  )
})
