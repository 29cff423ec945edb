// The formats of alias data that sites use, each with its expected resolution.

import { describe, expect, it } from 'vitest'
import { createRouter } from '../route/router.ts'
import { loadDirectory } from './load-directory.ts'
import { memoryFiles } from './files/memory-files.ts'
import { formatProblem } from './data-problem.ts'

const people = `mail::transports: { kim@example.org: 'lmtp:[127.0.0.1]:24', lee@example.org: 'lmtp:[127.0.0.1]:24', sam@example.org: 'lmtp:[127.0.0.1]:24' }
mail::domains: [example.org, example.net]
`
const hieraYaml = `version: 5
hierarchy:
  - { name: node, path: "nodes/%{trusted.certname}.yaml" }
  - { name: common, path: common.yaml }
`

function load(common: string, node = '', certname = 'mx-01') {
  const files = memoryFiles({
    '/h/hiera.yaml': hieraYaml,
    '/h/data/common.yaml': people + common,
    ...(node === '' ? {} : { '/h/data/nodes/mx-01.yaml': node }),
  })
  const settings = { mainDomain: 'example.org', hiera: '/h/hiera.yaml', scope: { facts: {}, certname } }
  const { directory, problems } = loadDirectory(settings, files)
  const resolve = async (forwardPath: string) => {
    if (!directory) throw new Error(problems.map(formatProblem).join('\n'))
    const router = createRouter(
      { forwards: 'resolve', own: 'resolve', relayFor: [], postmaster: 'kim@example.org' },
      () => directory,
    )
    const answer = await router.resolve({ forwardPath, reversePath: null, origin: { kind: 'internet' }, at: 0 })
    if (answer.kind === 'destinations') return answer.destinations.map((one) => one.recipient)
    return answer.kind === 'discard' ? `discard: ${answer.reason}` : answer.reply.enhanced
  }
  return { directory, resolve, problems: problems.map((problem) => formatProblem(problem).replaceAll('/h/data/', '')) }
}

describe('1. address → string or list', () => {
  const { resolve, problems } = load(`mail::aliases:
  press: [kim@example.org, lee]
  helpdesk: press
  kim: [kim, kim@home.example.net]
  info@example.net: press
  nobody: []
`)
  const three = ['kim@example.org', 'kim@home.example.net', 'lee@example.org']

  it('loads, and warns of an empty list', () => {
    expect(problems).toEqual([
      'common.yaml:8:3: warning: no targets: mail to this address is refused; to discard it, use mail::discards',
    ])
  })
  it.each([
    ['press@example.org', three],
    ['helpdesk@example.org', three],
    ['info@example.net', three],
    ['info@example.org', '5.1.1'],
    ['kim@example.org', ['kim@example.org', 'kim@home.example.net']],
    ['nobody@example.org', '5.1.1'],
  ])('%s', async (address, expected) => expect(await resolve(address)).toEqual(expected))
})

describe('2. records like Puppet resources', () => {
  const common = `postfix::virtuals:
  press@example.org:
    ensure: present
    destination: [kim@example.org, lee@example.org]
    file: /etc/postfix/virtual
  old-list@example.org:
    ensure: absent
postfix::mailaliases:
  root: { ensure: present, recipient: ops@example.org }
  ops: { recipient: [kim, lee] }
mailalias:
  logs: { recipient: root, target: /etc/aliases }
`
  it.each([
    ['press@example.org', ['kim@example.org', 'lee@example.org']],
    ['old-list@example.org', '5.1.1'],
    ['root@example.org', ['kim@example.org', 'lee@example.org']],
    ['logs@example.org', ['kim@example.org', 'lee@example.org']],
  ])('%s', async (address, expected) => expect(await load(common).resolve(address)).toEqual(expected))

  it('refuses a file as the source of addresses', () => {
    expect(load('mailalias:\n  archive: { file: /srv/archive/addresses }\n').problems).toEqual([
      'common.yaml:4:14: error: "file" is not read: write the addresses as "to: [ … ]"',
    ])
    expect(load('mailalias:\n  archive: { target: /etc/aliases }\n').problems[0]).toContain(
      '"target" is a file path, not an address',
    )
  })

  describe('levels merge deeply: the file of a node holds only the difference', () => {
    const levels =
      'mail_aliases:\n  root: { recipient: ops@example.org }\n  abuse: { recipient: kim@example.org }\n  ops: { recipient: sam }\n'
    const node = 'mail_aliases:\n  root: { ensure: absent }\n  abuse: { recipient: lee@example.org }\n'
    it.each([
      ['root@example.org', 'mx-01', '5.1.1'],
      ['abuse@example.org', 'mx-01', ['lee@example.org']],
      ['root@example.org', 'mx-02', ['sam@example.org']],
      ['abuse@example.org', 'mx-02', ['kim@example.org']],
    ])('%s on %s', async (address, certname, expected) => {
      expect(await load(levels, node, certname).resolve(address)).toEqual(expected)
    })

    it('absent removes the same address in another spelling of a lower level', async () => {
      const { resolve } = load(
        'mail_aliases:\n  root@example.org: { recipient: kim }\n',
        'mail_aliases:\n  root: { ensure: absent }\n',
      )
      expect(await resolve('root@example.org')).toBe('5.1.1')
    })
  })
})

describe('3. a list of patterns for each domain', () => {
  const { resolve, problems } = load(`profile::mx::domain_aliases:
  example.org:
    - pattern: press
      addresses: [kim@example.com, lee@example.com]
    - pattern: '/^ticket-([0-9]+)$/'
      addresses: [tickets@desk.example.com]
    - { pattern: root, addresses: [lee] }
  example.net:
    - pattern: sales
      addresses: [kim@example.com]
profile::mx::domain_aliases_generic: [example.org, example.net, example.edu]
`)
  it('loads', () => expect(problems).toEqual([]))
  it.each([
    ['press@example.org', ['kim@example.com', 'lee@example.com']],
    ['ticket-17@example.org', ['tickets@desk.example.com']],
    ['ticket-x@example.org', '5.1.1'],
    ['ticket-17@example.net', '5.1.1'],
    ['sales@example.net', ['kim@example.com']],
    ['sales@example.org', '5.1.1'],
    ['root@example.edu', ['lee@example.org']],
    ['hostmaster@example.net', ['kim@example.org']],
    ['mailer-daemon@example.edu', ['kim@example.org']],
  ])('%s', async (address, expected) => expect(await resolve(address)).toEqual(expected))
})

describe('4. a list of records', () => {
  const { resolve, problems, directory } = load(`etc_aliases__recipients:
  - name: press
    dest: [kim, lee@example.org]
    comment: agreed with the board
    section: roles
  - name: intern
    dest: kim
    state: absent
  - name: guest
    dest: kim
    state: ignore
  - staff: [kim, lee, sam]
`)
  it.each([
    ['press@example.org', ['kim@example.org', 'lee@example.org']],
    ['intern@example.org', '5.1.1'],
    ['guest@example.org', '5.1.1'],
    ['staff@example.org', ['kim@example.org', 'lee@example.org', 'sam@example.org']],
  ])('%s', async (address, expected) => expect(await resolve(address)).toEqual(expected))

  it('keeps section and comment', () => {
    expect(problems).toEqual([])
    expect(directory?.find('press@example.org')).toMatchObject({
      value: { alias: { comment: 'roles: agreed with the board' } },
    })
  })

  it('reports a duplicate name', () => {
    const twice = 'etc_aliases__recipients:\n  - { name: press, dest: kim }\n  - { name: Press, dest: lee }\n'
    expect(load(twice).problems).toEqual(['common.yaml:5:5: error: duplicate "Press", first written at common.yaml:4'])
  })
})

describe('5. targets that are not addresses', () => {
  it('are reported by name, never read as an empty list', () => {
    const text = `mailing-lists:
  board@example.org:
    forwardTo:
      - kim@example.com
      - secrets/lee-address.age
    loginAccount:
      encryptedHashedPassword: secrets/board-login.age
  chair@example.org:
    forwardTo: [ 'ENC[PKCS7,MIIBeQ==]' ]
`
    expect(load(text).problems).toEqual([
      'common.yaml:9:7: error: "loginAccount.encryptedHashedPassword": routing data hold no passwords: add the login to the passwd-file of "users:" (waypost passwd)',
      'common.yaml:7:9: error: "secrets/lee-address.age" is an encrypted file: write the address in plain text',
      'common.yaml:11:18: error: encrypted value (eyaml): Waypost cannot decrypt it; write the address in plain text, or remove it',
    ])
  })
})

describe('6. Postfix tables inside YAML', () => {
  const table = `profile::mx::static_transport_maps:
  desk:
    type: hash                       # hash | regexp
    content: |
      # tickets have a host of their own
      desk.example.org    smtp:desk-01.example.org

      lists.example.org
        lmtp:[127.0.0.1]:24
  bounces:
    type: regexp
    content: |
      /^bounce-[a-z0-9]+@example\\.org$/    bounce-handler
mail::aliases: { bounce-handler: kim }
`
  it.each([
    ['any@desk.example.org', ['any@desk.example.org']],
    ['any@lists.example.org', ['any@lists.example.org']],
    ['bounce-17a@example.org', ['kim@example.org']],
    ['bounce-@example.org', '5.1.1'],
  ])('%s', async (address, expected) => expect(await load(table).resolve(address)).toEqual(expected))

  it('has right line numbers', () => {
    const { directory, problems } = load(table)
    expect(problems).toEqual([])
    expect(directory?.domain('lists.example.org')?.transport?.source).toBe('/h/data/common.yaml:10')
    const faults = `profile::mx::static_transport_maps:
  desk:
    type: hash
    content: |
      desk.example.org
      desk.example.org  pigeon:post
  other: { type: btree, content: "a.example.org smtp:[b.example.org]" }
profile::mx::dynamic_transport_maps:
  people: { type: hash, path: /var/lib/mail/people }
`
    expect(load(faults).problems.map((text) => text.split(', such')[0]?.slice(0, 70))).toEqual([
      'common.yaml:7:1: error: expected "key  value", found "desk.example.org',
      'common.yaml:8:1: error: expected a next hop such as smtp:[list.example',
      'common.yaml:9:18: error: "type": expected hash, regexp or pcre',
      'common.yaml:11:3: error: table "people" has no "content": map files ar',
    ])
  })
})

describe('6. expressions in Postfix tables', () => {
  const table = (lines: string) => `profile::mx::static_transport_maps:
  t:
    type: regexp
    content: |
      ${lines}
`
  it.each(['\\1', '$1', '${1}', '$(1)'])('may write what was captured as %s', async (captured) => {
    const { resolve, problems } = load(table(`/^ex-(.*)@example\\.org$/ ${captured}@far.example`))
    expect(problems).toEqual([])
    expect(await resolve('ex-kim@example.org')).toEqual(['kim@far.example'])
  })

  it.each(['if /lists/', '!/^kim/ lee@example.org', '/^kim/x lee@example.org', 'kim lee@example.org'])(
    'are refused if they do not rewrite single addresses: %s',
    (line) => {
      expect(load(table(line)).problems).toEqual([
        expect.stringMatching(/^common\.yaml:7:1: error: expected "?\/expression\/.*, found /),
      ])
    },
  )
})

describe('keys beside the aliases', () => {
  const { resolve, problems } = load(`relay_domains: &ours [example.org, example.net]
verify_domains: *ours
recipient_discards: { noreply@example.org: not read }
mail::aliases:
  press: &desk [kim, lee]
  media: *desk
  nested: [*desk, sam]
  <<: { abuse: kim, postmaster: kim, press: sam }
  billing: [kim, lee]               # ticket 4711: until March
  single: kim # ticket 4712
`)
  it('of other modules are ignored', () => expect(problems).toEqual([]))
  it.each([
    ['media@example.org', ['kim@example.org', 'lee@example.org']],
    ['press@example.org', ['kim@example.org', 'lee@example.org']],
    ['nested@example.org', ['kim@example.org', 'lee@example.org', 'sam@example.org']],
    ['abuse@example.org', ['kim@example.org']],
    ['noreply@example.org', 'discard: not read'],
  ])('%s', async (address, expected) => expect(await resolve(address)).toEqual(expected))
})

describe('a target /dev/null', () => {
  it.each([
    ['in records of other mail modules', "postfix::mailaliases: { noise: { recipient: '/dev/null' } }\n", 'noise'],
    ['in a list', 'mail::aliases: { noise: [/dev/null] }\n', 'noise'],
  ])('discards %s', async (_name, text, local) => {
    const { resolve, problems } = load(text)
    expect(problems).toEqual([])
    expect(await resolve(`${local}@example.org`)).toBe('discard: discarded: the alias has the target /dev/null')
  })

  it.each([
    ['a forward', 'mail::forwards: { noise: /dev/null }\n', /only an alias may have the target \/dev\/null/],
    ['a catch-all', 'mail::catch_all: /dev/null\n', /a catch-all cannot discard mail/],
    [
      'an alias that another entry of the file repeats',
      'mail::aliases: { noise: /dev/null }\nmail_aliases: { noise: kim }\n',
      /duplicate "noise"/,
    ],
    [
      'an alias that repeats another entry',
      'mail::aliases: { noise: kim }\nmail_aliases: { noise: /dev/null }\n',
      /duplicate "noise"/,
    ],
  ])('is an error for %s', (_name, text, message) => {
    expect(load(text).problems).toEqual([expect.stringMatching(message)])
  })

  it('makes no copies, and drops nothing, as recipient_bcc', async () => {
    const { resolve, problems } = load('mail::aliases: { noise: kim }\nmail::recipient_bcc: { noise: /dev/null }\n')
    expect(problems).toEqual([])
    expect(await resolve('noise@example.org')).toEqual(['kim@example.org'])
  })

  it('is hidden by, and hides, the entries of other levels', async () => {
    const kept = load('mail::aliases: { noise: /dev/null }\n', 'mail::aliases: { noise: kim }\n')
    expect(await kept.resolve('noise@example.org')).toEqual(['kim@example.org'])
    const dropped = load('mail::aliases: { noise: kim }\n', 'mail::aliases: { noise: /dev/null }\n')
    expect(await dropped.resolve('noise@example.org')).toMatch(/^discard/)
  })
})
