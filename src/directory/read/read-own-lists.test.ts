// Entries of the own lists as operators write them: what they mean, how levels merge, and the error for each mistake.

import { describe, expect, it } from 'vitest'
import { formatProblem } from '../data-problem.ts'
import { memoryFiles } from '../files/memory-files.ts'
import { loadDirectory } from '../load-directory.ts'

const scope = { facts: {}, certname: 'n' }

function load(files: Record<string, string>) {
  const loaded = loadDirectory({ mainDomain: 'example.org', mail: Object.keys(files), scope }, memoryFiles(files))
  return { entries: loaded.directory?.listEntries, problems: loaded.problems.map(formatProblem) }
}

describe('an entry', () => {
  it('has its conditions in normal form, its place, reply, end and comment', () => {
    const text = [
      'allow:',
      '  - { network: [198.51.100.7, "2001:DB8::/32"], host: .Partner.example, comment: our partner }',
      'mail::block:',
      '  - network: 192.0.2.0/24',
      '    reply: Write to postmaster',
      '    until: 2026-12-31',
      '  - { sender: [Ann@Spam.example, "<>"], recipient: trap }',
      '  - { sender_domain: [.bücher.example, spam.example], helo: YLMF-PC, until: 2026-12-31T12:00Z }',
      '  - { from_domain: .xyz } # phishing',
      '',
    ].join('\n')
    const { entries, problems } = load({ 'm.yaml': text })
    expect(problems).toEqual([])
    expect(entries).toEqual([
      {
        list: 'allow',
        name: null,
        source: 'm.yaml:2',
        comment: 'our partner',
        conditions: { network: ['198.51.100.7/32', '2001:db8::/32'], host: ['.partner.example'] },
      },
      {
        list: 'block',
        name: null,
        source: 'm.yaml:4',
        reply: 'Write to postmaster',
        until: Date.parse('2027-01-01T00:00:00Z'),
        conditions: { network: ['192.0.2.0/24'] },
      },
      {
        list: 'block',
        name: null,
        source: 'm.yaml:7',
        conditions: { sender: ['ann@spam.example', ''], recipient: ['trap@example.org'] },
      },
      {
        list: 'block',
        name: null,
        source: 'm.yaml:8',
        until: Date.parse('2026-12-31T12:00:00Z'),
        conditions: { senderDomain: ['.xn--bcher-kva.example', 'spam.example'], helo: ['ylmf-pc'] },
      },
      {
        list: 'block',
        name: null,
        source: 'm.yaml:9',
        comment: 'phishing',
        conditions: { fromDomain: ['.xyz'] },
      },
    ])
  })

  it.each([
    [
      '{}',
      'an entry needs at least one of network, host, helo, sender, sender_domain, recipient, recipient_domain, from_domain',
    ],
    ['192.0.2.1', 'expected an entry such as { network: 192.0.2.0/24, reply: … }, found "192.0.2.1"'],
    ['{ network: 192.0.2.0/33 }', '"192.0.2.0/33" is not a network such as'],
    ['{ network: mail.example.net }', '"mail.example.net" is not a network such as'],
    ['{ network: "::ffff:192.0.2.0/120" }', 'is not a network such as'],
    ['{ network: 0.0.0.0/0 }', '"0.0.0.0/0" is every address: name the networks'],
    ['{ network: [] }', '"network": expected at least one value'],
    ['{ network: { a: b } }', '"network": expected a text or a list of texts, found a mapping'],
    [
      '{ host: "*.example.net" }',
      '"*.example.net" is not a host name: write example.net, or .example.net for it and all below it',
    ],
    ['{ sender_domain: "@example.net" }', '"@example.net" is not a domain name: write example.net, or .example.net'],
    ['{ from_domain: localhost }', '"localhost" is not a domain name'],
    ['{ sender: example.net }', '"example.net" is not an address: for a whole domain, write sender_domain'],
    ['{ sender: "<>" }', 'this entry would refuse every bounce (RFC 5321 6.1): add a network, host or recipient'],
    ['{ recipient: kim@far.example }', 'far.example is not a domain of ours'],
    ['{ recipient_domain: far.example }', 'far.example is not a domain of ours'],
    ['{ from_domain: a.example, recipient: kim }', 'from_domain is known only at the end of data'],
    ['{ helo: "*" }', '"*" is not a name in EHLO'],
    ['{ helo: x, reply: "" }', 'the reply must have 1 to 400 printable ASCII characters'],
    ['{ helo: x, reply: größe }', 'the reply must have 1 to 400 printable ASCII characters'],
    [
      '{ helo: x, until: 2026-02-30 }',
      'expected a last day such as 2026-12-31 (UTC), or a time such as 2026-12-31T12:00Z, found "2026-02-30"',
    ],
    ['{ helo: x, until: tomorrow }', 'expected a last day such as 2026-12-31'],
    ['{ helo: x, until: 2026-12-31T12:00 }', 'expected a last day such as 2026-12-31'],
    ['{ ip: 192.0.2.1 }', 'unknown key "ip": expected network, host, helo'],
  ])('%s is refused at its place', (entry, problem) => {
    const { entries, problems } = load({ 'm.yaml': `block:\n  - ${entry}\n` })
    expect(problems[0]).toContain(problem)
    expect(problems[0]).toMatch(/^m\.yaml:2:\d+: error: /)
    expect(entries).toBeUndefined()
  })

  it.each([
    ['{ sender: "<>" }', 'the null sender <> proves nothing: allow the network or the host of the client'],
    ['{ helo: x, reply: Welcome }', 'unknown key "reply"'],
  ])('%s is refused in the allow list', (entry, problem) => {
    expect(load({ 'm.yaml': `allow: [${entry}]\n` }).problems).toEqual([expect.stringContaining(problem)])
  })
})

describe('entries by name', () => {
  it('must not repeat a name, in one list', () => {
    const text = 'block: { shop: { helo: x } }\n'
    expect(load({ 'a.yaml': text, 'b.yaml': `${text}allow: { shop: { host: x.example } }\n` }).problems).toEqual([
      'b.yaml:1:10: error: duplicate "shop", first written at a.yaml:1',
    ])
  })

  it('can be overridden and removed by a higher level, and lists add up', () => {
    const files = {
      '/h/hiera.yaml': 'version: 5\nhierarchy: [{ name: n, paths: [node.yaml, common.yaml] }]\n',
      '/h/data/node.yaml':
        'mail::block: { shop: { ensure: absent }, ours: { helo: y } }\nmail::allow: [{ host: a.example }]\nlookup_options: { "^mail::": { merge: deep } }\n',
      '/h/data/common.yaml': 'mail::block: { shop: { helo: x } }\nmail::allow: [{ host: b.example }]\n',
    }
    const given = { mainDomain: 'example.org', hiera: '/h/hiera.yaml', scope }
    const { directory, problems } = loadDirectory(given, memoryFiles(files))
    expect(problems).toEqual([])
    expect(directory?.listEntries.map(({ name, conditions, source }) => [name, conditions, source])).toEqual([
      [null, { host: ['b.example'] }, '/h/data/common.yaml:2'],
      [null, { host: ['a.example'] }, '/h/data/node.yaml:2'],
      ['ours', { helo: ['y'] }, '/h/data/node.yaml:1'],
    ])
  })
})

it('is an error in any other form', () => {
  expect(load({ 'm.yaml': 'block: 192.0.2.1\n' }).problems).toEqual([
    'm.yaml:1:8: error: expected a list of entries, or entries by name, found "192.0.2.1"',
  ])
})
