// An export reads again as the same data: for generated data, for every alias format, for the example organisation.

import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diskFiles } from '../files/files.ts'
import type { Files } from '../files/files.ts'
import { loadDirectory } from '../load-directory.ts'
import type { DirectorySettings, LoadedDirectory } from '../load-directory.ts'
import { textOf } from '../located.ts'
import type { Located } from '../located.ts'
import { memoryFiles } from '../files/memory-files.ts'
import { unlistedAddresses } from '../check/unlisted.ts'
import { formatProblem } from '../data-problem.ts'
import type { Snapshot } from '../snapshot.ts'
import { mailJson, mailYaml } from './mail-yaml.ts'
import { plainMail } from './plain-data.ts'
import { processorMs } from '../../../test/lib/processor-time.ts'

const scope = { facts: {}, certname: 'mx-01.example.org' }
const graph = { loops: 'warning', dangling: 'warning' } as const

function read(settings: Partial<DirectorySettings>, files: Files): LoadedDirectory {
  return loadDirectory({ mainDomain: 'example.org', scope, graph, ...settings }, files)
}

function wholeOf({ directory, problems }: LoadedDirectory): Snapshot {
  if (!directory) throw new Error(problems.map(formatProblem).join('\n'))
  return directory
}

/** The data of a snapshot without places. */
function dataOf(snapshot: Snapshot) {
  const records = [...snapshot.addresses].filter(([, record]) => Object.keys(record).length > 0)
  return {
    domains: sorted(snapshot.domains),
    addresses: sorted(records),
    users: sorted(snapshot.users),
    // Rewrites are ordered.
    rewrites: withoutSource(snapshot.rewrites.map((one) => ({ ...one, pattern: String(one.pattern) }))),
    certificates: sorted(snapshot.certificates),
    forwardPolicies: sorted(snapshot.forwardPolicies),
    // An empty list equals no list.
    assertions: textsOf(snapshot.assertions ?? { kind: 'list', place: { file: '', line: 0, column: 0 }, items: [] }),
  }
}

function sorted(map: Iterable<readonly [string, unknown]>): unknown {
  return [...map]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => [key, withoutSource(value)])
}

function withoutSource(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'source' ? undefined : inner)))
}

function textsOf(value: Located): unknown {
  if (value.kind === 'list') return value.items.map(textsOf)
  return value.kind === 'scalar' ? textOf(value) : value.entries.map((entry) => [entry.key, textsOf(entry.value)])
}

/** Exports in both formats and reads each alone, as another node would. */
function expectSameAgain(snapshot: Snapshot, mainDomain = 'example.org'): void {
  const mail = plainMail(snapshot)
  const yaml = mailYaml(mail, ['head'], { 'mail::rewrites': ['a remark'] })
  for (const [file, text] of [
    ['/m.yaml', yaml],
    ['/m.json', mailJson(mail)],
  ] as const) {
    const again = wholeOf(read({ mail: [file], mainDomain }, memoryFiles({ [file]: text })))
    expect(dataOf(again), text).toEqual(dataOf(snapshot))
    // The second export equals the first, character for character.
    expect(mailYaml(plainMail(again), ['head'], { 'mail::rewrites': ['a remark'] })).toBe(yaml)
  }
}

const atom = fc.constantFrom(
  'kim',
  'Lee',
  'no',
  '1e3',
  'ünal',
  'a.b',
  '007',
  'x+tag',
  '"|bin"',
  '"/file"',
  'user=x',
  '~',
  'y',
  '=',
  "'",
)
const quoted = fc
  .string({
    minLength: 1,
    maxLength: 5,
    unit: fc.constantFrom('a', ' ', '"', '\\', ',', ':', '@', '#', '\u00a0', '{', 'é'),
  })
  .map((text) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`)
const local = fc.oneof({ weight: 4, arbitrary: atom }, { weight: 1, arbitrary: quoted })
const ours = fc
  .tuple(local, fc.constantFrom('example.org', 'example.net', 'alias.example'))
  .map((parts) => parts.join('@'))
const anywhere = fc.oneof(
  ours,
  fc.tuple(local, fc.constantFrom('far.example', 'b.far.example')).map((parts) => parts.join('@')),
)
const words = fc.oneof(
  fc.constantFrom('true', '010', '- x', 'a: b # c', '', 'ü', '\n\u2028\u007f', '|', 'ENC[x]'),
  fc.string({ maxLength: 8 }),
)
const user = fc.constantFrom('kim', 'no', '123', 'ü.x', "o'b", '-', '{x}')
const record = fc.record(
  {
    to: fc.array(anywhere, { maxLength: 3 }),
    comment: words,
    tag: fc.constantFrom('keep', 'drop'),
    send_as: fc.oneof(fc.constantFrom('none', '*'), fc.array(user, { maxLength: 2 })),
    when_dmarc_would_fail: fc.constantFrom('pass', 'wrap', 'reject'),
    spam_ceiling: fc.constantFrom('none', 7, 7.5, 0.0001),
  },
  { requiredKeys: ['to'] },
)
const targets = fc.oneof(
  anywhere.filter((text) => !/[,|/]/.test(text)),
  fc.array(anywhere, { maxLength: 3 }),
  record,
)
const map = <T>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<T>, maxKeys = 4) =>
  fc.dictionary(keys, values, { maxKeys })
const expression = fc.constantFrom('/^x-[a-z]+@example\\.org$/', '^a/b@', '/^(.+)-y$/i', "it's", '/é|ü/', '')
const hop = fc.constantFrom('smtp:[a.example.org]:25', 'lmtp:unix:/run/x', 'smtp:b.example')
const listEntry = fc.record(
  {
    network: fc.constantFrom('192.0.2.0/24', ['198.51.100.7', '2001:db8::/32']),
    host: fc.constantFrom('.partner.example', 'mail.far.example'),
    helo: fc.constantFrom('localhost', '[192.0.2.1]'),
    sender: fc.constantFrom('Ann@far.example', ['"a b"@far.example']),
    recipient_domain: fc.constantFrom('example.org', '.example.org'),
    until: fc.constantFrom('2026-12-31', '2026-12-31T12:00:07+02:00'),
    comment: words,
  },
  { requiredKeys: ['network'] },
)
const mailData = fc.record(
  {
    domains: fc.constant(['example.net', 'lists.example.net']),
    alias_domains: fc.constant({ 'alias.example': 'example.org', 'other.example': 'example.net' }),
    generic_domains: fc.subarray(['example.net', 'alias.example', 'example.org']),
    users: map(
      user,
      fc.oneof(
        fc.constant(null),
        fc.array(ours, { minLength: 1, maxLength: 1 }),
        fc.record({ name: words, comment: words }, { requiredKeys: [] }),
      ),
    ),
    aliases: map(fc.oneof(ours, fc.constantFrom('root', 'abuse', 'privacy')), targets, 6),
    forwards: map(ours, targets),
    host_aliases: map(ours, targets),
    transports: map(
      fc.oneof(fc.constantFrom('lists.example.net', 'new.example.org'), ours),
      fc.oneof(hop, fc.record({ next_hop: hop, comment: words })),
    ),
    catch_all: map(fc.constantFrom('example.org', 'lists.example.net'), targets),
    rewrites: fc.array(
      fc.record(
        {
          pattern: expression,
          to: fc.array(fc.constantFrom('kim', '$1-z@far.example'), { minLength: 1, maxLength: 2 }),
          domain: fc.constantFrom('example.net', 'example.org'),
          comment: words,
        },
        { requiredKeys: ['pattern', 'to'] },
      ),
      { maxLength: 4 },
    ),
    send_as: map(ours, fc.array(user, { maxLength: 2 })),
    discards: map(ours, words),
    refusals: map(ours, fc.constantFrom('no more', '550 x: y', '"')),
    recipient_bcc: map(ours, targets),
    forward_policies: map(
      fc.constantFrom('far.example', 'x.example'),
      fc.oneof(fc.constantFrom('pass', 'wrap'), fc.record({ spam_ceiling: fc.constantFrom(5, 'none') })),
    ),
    allow: fc.array(listEntry, { maxLength: 3 }),
    block: map(
      fc.constantFrom('shop', 'old'),
      fc.tuple(listEntry, fc.constantFrom('no more', '550 x: y')).map(([one, reply]) => ({ ...one, reply })),
    ),
    certificates: map(words, fc.array(fc.constantFrom('ab'.repeat(32), `${'AB:'.repeat(31)}AB`), { maxLength: 2 })),
    assertions: fc.array(
      fc.record({ address: ours, refused: fc.constantFrom(true, 550, '550 5.1.1'), comment: words }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['domains', 'alias_domains'] },
)

describe('load, export, load', () => {
  it('gives equal data for generated data', () => {
    let same = 0
    fc.assert(
      fc.property(mailData, (data) => {
        const text = JSON.stringify(
          Object.fromEntries(Object.entries(data).map(([key, value]) => [`mail::${key}`, value])),
        )
        const { directory } = read({ mail: ['/in.json'] }, memoryFiles({ '/in.json': text }))
        // Some are refused as duplicates in another spelling.
        if (!directory) return
        same += 1
        expectSameAgain(directory)
      }),
      { numRuns: 150 },
    )
    expect(same).toBeGreaterThan(40)
  })
})

const people = `mail::transports: { kim@example.org: 'lmtp:[127.0.0.1]:24', lee@example.org: 'lmtp:[127.0.0.1]:24', sam@example.org: 'lmtp:[127.0.0.1]:24' }
mail::domains: [example.org, example.net]
`
/** The alias formats of sites, as files of a hierarchy and beside it. */
const shapes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '1. address → string or list': {
    common: `mail::aliases:
  press: [kim@example.org, lee]
  helpdesk: press
  kim: [kim, kim@home.example.net]
  info@example.net: press
  nobody: []
`,
  },
  '2. records in the style of resources, a node holds the difference': {
    common: `postfix::virtuals:
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
mail_aliases:
  hostmaster: { recipient: ops@example.org }
  abuse: { recipient: kim@example.org }
`,
    node: 'mail_aliases:\n  hostmaster: { ensure: absent }\n  abuse: { recipient: lee@example.org }\n',
  },
  '3. a list of patterns for each domain': {
    common: `profile::mx::domain_aliases:
  example.org:
    - pattern: press
      addresses: [kim@example.com, lee@example.com]
    - pattern: '/^ticket-([0-9]+)$/'
      addresses: ['ticket-\\1@desk.example.com']
      comment: those of the desk
    - { pattern: root, addresses: [lee] }
  example.net:
    - pattern: sales
      addresses: [kim@example.com]
profile::mx::domain_aliases_generic: [example.org, example.net, example.edu]
`,
  },
  '4. a list of records': {
    common: `etc_aliases__recipients:
  - name: press
    dest: [kim, lee@example.org]
    comment: agreed with the board
    section: roles
  - name: intern
    dest: kim
    state: absent
  - staff: [kim, lee, sam]
`,
  },
  '5. objects with options, and teams': {
    common: `mailing-lists:
  board@example.org:
    forwardTo: [kim@example.com]
    loginAccount: { storeEmail: false }
`,
    team: '[people]\nmembers = ["ada", "ian"]\n[[lists]]\naddress = "build@example.org"\nextra-emails = ["ci@builder.example.net"]\n',
  },
  '6. Postfix tables inside YAML': {
    common: `profile::mx::static_transport_maps:
  desk:
    type: hash
    content: |
      desk.example.org    smtp:desk-01.example.org
      lists.example.org
        lmtp:[127.0.0.1]:24
  bounces:
    type: regexp
    content: |
      /^bounce-[a-z0-9]+@example\\.org$/    kim
`,
    aliases: '# of an older host\nolder: kim,\n  "lee"\nsam2: \\sam\n',
  },
  'keys beside the aliases': {
    common: `relay_domains: &ours [example.org, example.net]
verify_domains: *ours
recipient_discards: { noreply@example.org: "unread" }
mail::aliases:
  press: &desk [kim, lee]
  media: *desk
  <<: { abuse: kim, postmaster: kim, press: sam }
  billing: [kim, lee]                       # ticket 4711: until March
`,
  },
}

describe('every format', () => {
  it.each(Object.entries(shapes))('%s', (_, { common = '', node = '', team = '', aliases = '' }) => {
    const files = memoryFiles({
      '/h/hiera.yaml':
        'version: 5\nhierarchy: [{ name: n, path: "%{trusted.certname}.yaml" }, { name: c, path: common.yaml }]\n',
      '/h/data/common.yaml': people + common,
      '/h/data/mx-01.example.org.yaml': node,
      '/r/teams/build.toml': team,
      '/r/people/ada.toml': 'email = "ada@home.example.net"\n',
      '/r/people/ian.toml': 'email = false\n',
      '/aliases': aliases,
    })
    const snapshot = wholeOf(read({ hiera: '/h/hiera.yaml', mail: ['/r', '/aliases'], graph: {} }, files))
    expectSameAgain(snapshot)
    // Full names mean the same on a node with another main domain, which is ours there, too.
    const text = mailYaml(plainMail(snapshot), [])
    const elsewhere = wholeOf(read({ mail: ['/m.yaml'], mainDomain: 'example.net' }, memoryFiles({ '/m.yaml': text })))
    expect(plainMail(elsewhere)['mail::aliases']).toEqual(plainMail(snapshot)['mail::aliases'])
  })

  it('keeps comments and order, and notes expressions', () => {
    const records = `mail::domains: [example.net]
mail::users: { lee: { name: Lee L., addresses: [lee, l.lee] }, kim: }
mail::forwards:
  kim: { to: k@far.example, spam_ceiling: none, when_dmarc_would_fail: wrap }
  lee: l@far.example # until March
mail::rewrites:
  - { pattern: '^b-', to: kim, comment: first }
  - { pattern: '/^a$/', to: [kim, 'x-$1@far.example'], domain: example.net }
mail::send_as: { kim: [] }
mail::transports: { lists.example.org: { next_hop: 'smtp:[l.example.org]', comment: the list host } }
`
    const files = memoryFiles({ '/m.yaml': records + shapes['4. a list of records']?.common?.replaceAll('sam', 'lee') })
    const snapshot = wholeOf(read({ mail: ['/m.yaml'] }, files))
    const remarks = {
      'mail::rewrites': unlistedAddresses(snapshot).map((note) => `${note.file}:${note.line}: ${note.message}`),
    }
    expect(mailYaml(plainMail(snapshot), ['Routing data.'], remarks)).toBe(`# Routing data.

mail::domains:
  - example.org
  - example.net
  - lists.example.org

mail::users:
  lee: { addresses: [lee@example.org, l.lee@example.org], name: "Lee L." }
  kim: [kim@example.org]

mail::aliases:
  press@example.org: { to: [kim@example.org, lee@example.org], comment: "roles: agreed with the board" }
  staff@example.org: [kim@example.org, lee@example.org, lee@example.org]

mail::forwards:
  kim@example.org: { to: k@far.example, when_dmarc_would_fail: wrap, spam_ceiling: none }
  lee@example.org: { to: l@far.example, comment: "until March" }

mail::transports:
  lists.example.org: { next_hop: "smtp:[l.example.org]", comment: "the list host" }

# /m.yaml:7: /^b-/ is a regular expression: the addresses that it matches cannot be listed
# /m.yaml:8: /^a$/ is a regular expression: the addresses of example.net that it matches cannot be listed
mail::rewrites:
  - { pattern: "/^b-/", to: [kim@example.org], comment: first }
  - { pattern: "/^a$/", to: [kim@example.org, "x-$1@far.example"], domain: example.net }

mail::send_as:
  kim@example.org: []
`)
  })
})

describe('the example organisation', () => {
  const folder = fileURLToPath(new URL('../../../hiera-examples', import.meta.url))

  it.each(['mx-01', 'srs-01', 'submission-01'])('on %s', (host) => {
    const scopeOfHost = { facts: {}, certname: `${host}.example.org` }
    const settings = { hiera: `${folder}/hiera.yaml`, mail: [`${folder}/fragments`], scope: scopeOfHost, graph: {} }
    const snapshot = wholeOf(read(settings, diskFiles))
    expectSameAgain(snapshot)
    expect(Object.keys(plainMail(snapshot)).length).toBeGreaterThan(8)
  })
})

it('prints twenty thousand entries quickly', () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `  a${index}: [x${index}@far.example, y@far.example]`)
  const text = `mail::forwards:\n${lines.join('\n')}\n`
  const snapshot = wholeOf(read({ mail: ['/m.yaml'] }, memoryFiles({ '/m.yaml': text })))
  const started = processorMs()
  expect(mailYaml(plainMail(snapshot), []).split('\n').length).toBeGreaterThan(20_000)
  expect(processorMs() - started).toBeLessThan(2_000)
})
