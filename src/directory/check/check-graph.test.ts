// Problems that loading must report before mail is lost: useless catch-alls, entries without effect, copies without recipients.

import { describe, expect, it } from 'vitest'
import { formatProblem } from '../data-problem.ts'
import { loadDirectory } from '../load-directory.ts'
import { memoryFiles } from '../files/memory-files.ts'

function problemsOf(text: string): readonly string[] {
  const settings = { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } }
  return loadDirectory(settings, memoryFiles({ 'm.yaml': text })).problems.map(formatProblem)
}

const known = 'forwards: { kim: kim@far.example }\n'

describe('a catch-all', () => {
  it.each([
    ['an address that only it would catch', 'catch_all: typo\n', 'typo@example.org'],
    [
      'the same through an alias domain',
      'alias_domains: [example.net]\ncatch_all: typo@example.net\n',
      'typo@example.net',
    ],
    [
      'another catch-all that leads back',
      'domains: [b.example]\ncatch_all: { example.org: typo@b.example, b.example: typo }\n',
      'typo@b.example',
    ],
  ])('must not lead to %s', (_what, text, target) => {
    expect(problemsOf(text)[0]).toMatch(
      new RegExp(
        `^m\\.yaml:\\d+:\\d+: error: unknown address ${target}: only the catch-all of \\S+ is left, and it leads back`,
      ),
    )
  })

  it.each([
    ['known addresses', `${known}catch_all: [kim, ex-lee, postmaster, any@lists.example.org]\n`],
    ['another one that leads on', `${known}catch_all: { example.org: any@b.example, b.example: kim }\n`],
  ])('may lead to %s', (_what, text) => {
    expect(
      problemsOf(
        `domains: [b.example]\ntransports: { lists.example.org: 'smtp:[l.example.org]' }\nrewrites: { '/^ex-/': kim }\n${text}`,
      ),
    ).toEqual([])
  })
})

describe('a loop through an address without an entry', () => {
  it.each([
    [
      'a catch-all',
      'aliases: { press: any }\ncatch_all: press\n',
      'm.yaml:2:12: error: loop: press@example.org → any@example.org → press@example.org',
    ],
    [
      'the catch-all of another domain',
      'domains: [b.example]\naliases: { press: any@b.example, ops: press }\ncatch_all: { b.example: ops }\n',
      'm.yaml:2:39: error: loop: press@example.org → any@b.example → ops@example.org → press@example.org',
    ],
    [
      'two catch-alls',
      'domains: [b.example]\naliases: { press: any@b.example }\ncatch_all: { b.example: [press, kim] }\nforwards: { kim: k@far.example }\n',
      'm.yaml:3:26: error: loop: press@example.org → any@b.example → press@example.org',
    ],
    [
      'a catch-all behind an alias domain',
      'alias_domains: [b.example]\naliases: { press: any@b.example }\ncatch_all: press\n',
      'm.yaml:3:12: error: loop: press@example.org → any@b.example → any@example.org → press@example.org',
    ],
    [
      'a user without an entry',
      'users: { kim: kim }\naliases: { press: kim }\ncatch_all: press\n',
      'm.yaml:2:19: error: loop: kim@example.org → press@example.org → kim@example.org',
    ],
    [
      'a rewrite',
      "aliases: { press: ex-kim }\nrewrites: { '/^ex-(.*)@/': press }\n",
      'm.yaml:2:1: error: loop: press@example.org → ex-kim@example.org → press@example.org',
    ],
  ])('is found: %s', (_what, text, problem) => {
    expect(problemsOf(text).filter((one) => one.includes('loop'))).toEqual([problem])
  })

  it.each([
    [
      'a transport decides first',
      "domains: [b.example]\naliases: { press: any@b.example }\ntransports: { b.example: 'smtp:[b.example]' }\n",
    ],
    ['the postmaster gets the mail', `${known}aliases: { press: [kim, abuse] }\ncatch_all: press\n`],
    ['the catch-all is for others', `${known}aliases: { press: kim }\ncatch_all: press\n`],
    ['a rewrite decides first', `${known}aliases: { press: ex-lee }\nrewrites: { '/^ex-/': kim }\ncatch_all: press\n`],
    [
      'the rewrite has a new result each time',
      `${known}aliases: { press: x }\nrewrites: { '/^(x+)@/': 'x$1@example.org' }\n`,
    ],
  ])('is not reported where %s', (_what, text) => {
    expect(problemsOf(text)).toEqual([])
  })
})

describe('copies', () => {
  it('to an unknown address are reported', () => {
    expect(problemsOf(`${known}recipient_bcc:\n  kim: [kim, archive@far.example, typo]\n`)).toEqual([
      'm.yaml:3:35: error: unknown address typo@example.org: no alias, forward, transport or catch-all (target of recipient_bcc of kim@example.org)',
    ])
  })

  it('of an unknown address are reported', () => {
    expect(problemsOf(`${known}recipient_bcc:\n  kym: archive@far.example\n`)).toEqual([
      'm.yaml:3:8: warning: recipient_bcc of kym@example.org has no effect: unknown address',
    ])
  })
})

describe('an entry without effect', () => {
  it('is reported with the entry that hides it', () => {
    const text = `${known}aliases:\n  kim: lee@far.example\n  sam: sam@far.example\ntransports:\n  sam@example.org: 'lmtp:[127.0.0.1]:24'\n`
    expect(problemsOf(text)).toEqual([
      'm.yaml:6:1: warning: the transport of sam@example.org has no effect: its alias (m.yaml:4) comes first; to keep a copy, add sam@example.org to its targets',
      'm.yaml:1:1: warning: the forward of kim@example.org has no effect: its alias (m.yaml:3) comes first; to keep a copy, add kim@example.org to its targets',
    ])
  })

  it.each([
    ['a copy that the alias keeps', `${known}aliases: { kim: [kim, lee@far.example] }\n`],
    [
      'a copy through an alias domain',
      `${known}alias_domains: [b.example]\naliases: { kim: [kim@b.example, l@far.example] }\n`,
    ],
    ['a refusal, which is a choice', `${known}refusals: { kim: moved }\n`],
  ])('is not %s', (_what, text) => {
    expect(problemsOf(text)).toEqual([])
  })
})

describe('role names of generic domains', () => {
  it('yield to an entry of the address itself, in any section', () => {
    const text = `generic_domains: [b.example, c.example]
aliases: { postmaster: kim, abuse: kim }
forwards: { kim: kim@far.example, postmaster@b.example: board@far.example }
transports: { abuse@b.example: 'lmtp:[127.0.0.1]:24' }
`
    const settings = { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } }
    const { directory, problems } = loadDirectory(settings, memoryFiles({ 'm.yaml': text }))
    expect(problems).toEqual([])
    expect(directory?.addresses.get('postmaster@b.example')).toEqual({ forward: expect.anything() })
    expect(directory?.addresses.get('abuse@b.example')).toEqual({ transport: expect.anything() })
    expect(directory?.addresses.get('postmaster@c.example')).toEqual({ alias: expect.anything() })
  })
})
