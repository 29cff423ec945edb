import { describe, expect, it } from 'vitest'
import type { Directory } from '../directory/directory.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { formatProblem } from '../directory/data-problem.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Resolution, ResolveRequest } from './resolution.ts'
import { createRouter } from './router.ts'
import type { RouterSettings } from './router-settings.ts'

const internet: Origin = { kind: 'internet' }
const mxPeer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }
const srs = { domain: 'srs.example.org', secrets: ['s'], reverse: true, rewrite: false }
const mx: RouterSettings = {
  forwards: 'relay-to-srs',
  own: 'resolve',
  relayFor: ['local'],
  srs,
  postmaster: 'ops@example.org',
}
const srsNode: RouterSettings = {
  ...mx,
  forwards: 'resolve',
  relayFor: ['peer', 'local'],
  copies: false,
  unknownFromPeer: 'defer',
  srs: { ...srs, rewrite: true },
}
const solo: RouterSettings = { ...mx, forwards: 'resolve', srs: { ...srs, rewrite: true } }

const base = `domains: [example.org, shop.example]
alias_domains: { example.net: example.org, www.example.net: example.net }
aliases:
  press: [kim, lee]
  helpdesk: press
  all: [press, helpdesk, sam, press]
  keeps: [keeps, kim]
  info@shop.example: press
  outside: [a@far.example, b@far.example]
  mixed: [sam, c@far.example]
  kim+exact: sam
  empty: []
forwards:
  kim: kim@home.example.net
  lee: { to: lee@home.example.net, tag: keep }
  ops: ops@home.example.net
  inward: sam
  copied: copied@home.example.net
transports:
  sam@example.org: lmtp:[127.0.0.1]:24
  keeps@example.org: lmtp:[127.0.0.1]:24
  lists.example.org: smtp:[list-01.example.org]:25
discards: { noreply: not read }
refusals: { orders: We sell nothing }
recipient_bcc: { sam: archive@lists.example.org, copied: audit@far.example }
users: [kim, lee, homeless]
host_aliases: { web-01.example.org: { root: sam, kim: sam } }
`

function directoryOf(text: string, strict = false): Directory {
  const graph = strict ? {} : ({ loops: 'warning', dangling: 'warning' } as const)
  const settings = { mainDomain: 'example.org', mail: ['mail.yaml'], scope: { facts: {}, certname: 'n' }, graph }
  const { directory, problems } = loadDirectory(settings, memoryFiles({ 'mail.yaml': text }))
  if (!directory) throw new Error(problems.map(formatProblem).join('\n'))
  return directory
}

const directory = directoryOf(base)

function ask(settings: RouterSettings, forwardPath: string, more: Partial<ResolveRequest> = {}, data = directory) {
  const request = { forwardPath, reversePath: 'stranger@far.example', origin: internet, at: 1_577_836_860_000, ...more }
  return createRouter(settings, () => data).resolve(request)
}

/** `recipient via next hop` of each destination, or the reply. */
function brief(resolution: Resolution): string | readonly string[] {
  if (resolution.kind === 'destinations') return resolution.destinations.map((one) => `${one.recipient} ${one.nextHop}`)
  return resolution.kind === 'discard'
    ? `discard: ${resolution.reason}`
    : `${resolution.reply.code} ${resolution.reply.enhanced}`
}

describe('resolution on one node', () => {
  const lmtp = 'lmtp:[127.0.0.1]:24'
  const kim = 'kim@home.example.net mx:home.example.net'
  const lee = 'lee@home.example.net mx:home.example.net'
  it.each([
    ['an alias with several targets', 'press@example.org', [kim, lee]],
    ['a chain', 'helpdesk@example.org', [kim, lee]],
    [
      'nested groups, each final address once',
      'all@example.org',
      [kim, lee, `sam@example.org ${lmtp}`, 'archive@lists.example.org smtp:[list-01.example.org]:25'],
    ],
    ['an address that keeps a copy for itself', 'keeps@example.org', [`keeps@example.org ${lmtp}`, kim]],
    ['another domain of ours', 'info@shop.example', [kim, lee]],
    ['the same local part elsewhere', 'press@shop.example', '550 5.1.1'],
    ['an alias domain', 'press@example.net', [kim, lee]],
    ['an alias domain of an alias domain', 'kim@www.example.net', [kim]],
    ['another case and a last dot', 'PRESS@Example.ORG.', [kim, lee]],
    ['a quoted local part that needs no quotes', '"press"@example.org', [kim, lee]],
    ['a tag, dropped outside', 'kim+x@example.org', [kim]],
    ['a tag, kept where the forward says so', 'lee+x@example.org', ['lee+x@home.example.net mx:home.example.net']],
    ['a tag through an alias', 'press+x@example.org', [kim, 'lee+x@home.example.net mx:home.example.net']],
    [
      'an entry with the tag takes precedence',
      'kim+exact@example.org',
      [`sam@example.org ${lmtp}`, 'archive@lists.example.org smtp:[list-01.example.org]:25'],
    ],
    [
      'a forward within our domains',
      'inward@example.org',
      [`sam@example.org ${lmtp}`, 'archive@lists.example.org smtp:[list-01.example.org]:25'],
    ],
    ['an address transport with a tag', 'keeps+x@example.org', [`keeps+x@example.org ${lmtp}`, kim]],
    [
      'any address of a domain with a transport',
      'dev-request@lists.example.org',
      ['dev-request@lists.example.org smtp:[list-01.example.org]:25'],
    ],
    [
      'a host alias',
      'root@web-01.example.org',
      [`sam@example.org ${lmtp}`, 'archive@lists.example.org smtp:[list-01.example.org]:25'],
    ],
    ['nobody', 'nobody@example.org', '550 5.1.1'],
    ['a person without any way', 'homeless@example.org', '550 5.1.1'],
    ['an empty list', 'empty@example.org', '550 5.1.1'],
    ['a discard', 'noreply@example.org', 'discard: not read'],
    ['a discard with a tag', 'noreply+x@example.org', 'discard: not read'],
    ['a refusal', 'orders@example.org', '550 5.1.1'],
  ])('%s', async (_, address, expected) => expect(brief(await ask(solo, address))).toEqual(expected))

  it('replies with the text of a refusal entry', async () => {
    expect(await ask(solo, 'orders@example.org')).toMatchObject({ reply: { text: 'We sell nothing' } })
  })

  it('names the user in the cause if only the forward is missing', async () => {
    const answer = await ask(solo, 'homeless@example.org')
    expect(answer).toMatchObject({ kind: 'refused', reply: { text: 'No such address here' } })
    expect(answer.kind === 'refused' && answer.reply.cause).toContain('belongs to user:homeless (mail.yaml:')
  })

  it('keeps the forward-path as given, and marks the address as private', async () => {
    const answer = await ask(solo, 'Press@Example.org')
    const original = 'Press@Example.org'
    expect(answer).toMatchObject({
      destinations: [
        { original, private: true },
        { original, private: true },
      ],
    })
    expect(await ask(solo, 'keeps@example.org')).toMatchObject({
      destinations: [{ private: false }, { private: true }],
    })
  })

  it('every step has a source', async () => {
    const answer = await ask(solo, 'helpdesk@example.net')
    expect(answer.kind === 'destinations' && answer.destinations[0]?.via).toEqual([
      { rule: 'alias-domain', from: 'helpdesk@example.net', to: 'helpdesk@example.org', source: 'mail.yaml:2' },
      { rule: 'alias', from: 'helpdesk@example.org', to: 'press@example.org', source: 'mail.yaml:5' },
      { rule: 'alias', from: 'press@example.org', to: 'kim@example.org', source: 'mail.yaml:4' },
      { rule: 'forward', from: 'kim@example.org', to: 'kim@home.example.net', source: 'mail.yaml:14' },
      { rule: 'next-hop', from: 'kim@home.example.net', to: 'mx:home.example.net', source: 'RFC 5321 5.1' },
      expect.objectContaining({ rule: 'srs', from: 'stranger@far.example', to: expect.stringMatching(/^SRS0=/) }),
    ])
  })

  it('has a step for each merge', async () => {
    const answer = await ask(solo, 'all@example.org')
    const steps = answer.kind === 'destinations' ? (answer.destinations[0]?.via ?? []) : []
    expect(steps.filter((step) => step.rule === 'merge')).toEqual([
      { rule: 'merge', from: 'helpdesk@example.org', to: 'press@example.org', source: 'mail.yaml:5' },
      { rule: 'merge', from: 'all@example.org', to: 'press@example.org', source: 'mail.yaml:6' },
    ])
  })

  it('an alias of the organisation takes precedence over one of the host', async () => {
    const text = base.replace('alias_domains: {', 'alias_domains: { web-01.example.org: example.org,')
    expect(brief(await ask(solo, 'kim@web-01.example.org', {}, directoryOf(text)))).toEqual([kim])
  })
})

describe('mx relays, srs resolves', () => {
  it('a forward keeps its address between the two', async () => {
    const first = await ask(mx, 'kim+x@example.net')
    expect(brief(first)).toEqual(['kim+x@example.org peers:srs'])
    expect(brief(await ask(srsNode, 'kim+x@example.org', { origin: mxPeer }))).toEqual([
      'kim@home.example.net mx:home.example.net',
    ])
  })

  it('an alias with foreign targets only is relayed unresolved', async () => {
    expect(brief(await ask(mx, 'outside@example.org'))).toEqual(['outside@example.org peers:srs'])
    expect(brief(await ask(srsNode, 'outside@example.org', { origin: mxPeer }))).toEqual([
      'a@far.example mx:far.example',
      'b@far.example mx:far.example',
    ])
  })

  it('of a mixed alias only foreign targets are relayed, so that no copy is duplicated', async () => {
    expect(brief(await ask(mx, 'mixed@example.org'))).toEqual([
      'sam@example.org lmtp:[127.0.0.1]:24',
      'archive@lists.example.org smtp:[list-01.example.org]:25',
      'c@far.example peers:srs',
    ])
    const second = await ask(srsNode, 'c@far.example', { origin: mxPeer })
    expect(second).toMatchObject({
      destinations: [{ recipient: 'c@far.example', nextHop: 'mx:far.example', private: true }],
    })
  })

  it('copies are made once, by the mx; a foreign copy has its own address', async () => {
    expect(brief(await ask(mx, 'copied@example.org'))).toEqual([
      'copied@example.org peers:srs',
      'audit@far.example peers:srs',
    ])
    expect(brief(await ask(srsNode, 'copied@example.org', { origin: mxPeer }))).toEqual([
      'copied@home.example.net mx:home.example.net',
    ])
  })

  it('an address unknown to the srs node is deferred for peers, refused for others', async () => {
    expect(brief(await ask(srsNode, 'new@example.org', { origin: mxPeer }))).toBe('450 4.1.1')
    expect(brief(await ask(srsNode, 'new@example.org', { origin: { kind: 'local' } }))).toBe('550 5.1.1')
  })

  it('rewrites foreign senders only, and only for foreign destinations', async () => {
    const paths = async (reversePath: string | null, address = 'mixed@example.org', settings = solo) => {
      const answer = await ask(settings, address, { reversePath })
      return answer.kind === 'destinations' ? answer.destinations.map((one) => one.reversePath) : []
    }
    expect(await paths('x@far.example')).toEqual([
      'x@far.example',
      'x@far.example',
      'SRS0=JYBO=2W=far.example=x@srs.example.org',
    ])
    expect(await paths(null)).toEqual([null, null, null])
    expect(await paths('kim@example.net')).toEqual(['kim@example.net', 'kim@example.net', 'kim@example.net'])
    expect(await paths('x@far.example', 'mixed@example.org', mx)).toEqual([
      'x@far.example',
      'x@far.example',
      'x@far.example',
    ])
  })

  it('a sender too long for SRS is deferred without a store, for all members: none is lost', async () => {
    const reversePath = `${'a'.repeat(60)}@far.example`
    for (const address of ['kim@example.org', 'mixed@example.org'])
      expect(brief(await ask(solo, address, { reversePath }))).toBe('451 4.3.5')
  })

  it('a sender too long for SRS is counted where it arrives, if a destination is a forward', async () => {
    const reversePath = `${'a'.repeat(60)}@far.example`
    const counted: string[] = []
    const full = refusal(450, '4.7.1', 'Too many')
    const meter = {
      add: () => null,
      step: () => undefined,
      addToken: (sender: string) => (counted.push(sender) > 1 ? full : null),
    }
    expect(brief(await ask(mx, 'kim@example.org', { reversePath, meter }))).toEqual(['kim@example.org peers:srs'])
    expect(brief(await ask(mx, 'kim@example.org', { reversePath, meter }))).toBe('450 4.7.1')
    expect(counted).toEqual([reversePath, reversePath])
    for (const more of [
      { reversePath: 'short@far.example', meter },
      { reversePath: null, meter },
    ])
      expect(brief(await ask(mx, 'kim@example.org', more))).toEqual(['kim@example.org peers:srs'])
    expect((await ask(mx, 'sam@example.org', { reversePath, meter })).kind).toBe('destinations')
    expect(counted).toHaveLength(2)
  })
})

describe('submission, mta and client relay our own domains', () => {
  const submission: RouterSettings = { forwards: 'relay-to-srs', own: 'relay-to-mx', relayFor: ['user', 'local'] }
  const origin: Origin = { kind: 'user', identity: 'kim' }
  it.each([
    ['press@example.net', ['press@example.net peers:mx']],
    ['nobody@example.org', ['nobody@example.org peers:mx']],
    ['friend@far.example', ['friend@far.example mx:far.example']],
    ['a@b@c', '553 5.1.3'],
    ['friend@localhost', '550 5.1.2'],
    ['friend@[127.0.0.1]', '550 5.1.2'],
    ['friend@127.0.0.1', '550 5.1.2'],
  ])('%s', async (address, expected) => expect(brief(await ask(submission, address, { origin }))).toEqual(expected))

  it('foreign mail can go to a smarthost', async () => {
    const client: RouterSettings = {
      ...submission,
      relayFor: ['local'],
      nextHops: { own: 'peers:mta', world: 'peers:mta' },
    }
    const local = { origin: { kind: 'local' } as const }
    expect(brief(await ask(client, 'kim@example.org', local))).toEqual(['kim@example.org peers:mta'])
    expect(brief(await ask(client, 'a@far.example', local))).toEqual(['a@far.example peers:mta'])
    expect(brief(await ask(client, 'a@far.example'))).toBe('554 5.7.1')
  })

  it('other origins than those of the role cannot relay', async () => {
    expect(brief(await ask(submission, 'friend@far.example', { origin: { kind: 'machine', identity: 'ci-01' } }))).toBe(
      '554 5.7.1',
    )
    expect(brief(await ask(submission, 'friend@far.example', { origin: mxPeer }))).toBe('554 5.7.1')
  })

  it('relaying for the internet cannot be configured', () => {
    const settings = { ...submission, relayFor: ['internet'] } as unknown as RouterSettings
    expect(() => createRouter(settings, () => directory)).toThrow('the node would be an open relay')
  })
})

describe('bounces to SRS addresses', () => {
  const home = 'SRS0=JYBO=2W=far.example=x@srs.example.org'
  const bounce = { reversePath: null }

  it('reach the original sender, with the null sender', async () => {
    const answer = await ask(mx, home, bounce)
    expect(answer).toMatchObject({
      destinations: [{ recipient: 'x@far.example', nextHop: 'mx:far.example', reversePath: null, original: home }],
    })
  })

  it.each([
    ['a wrong hash', home.replace('JYBO', 'XXXX'), bounce, '550 5.1.1'],
    ['another local part', home.replace('=x@', '=y@'), bounce, '550 5.1.1'],
    ['an expired stamp', home, { ...bounce, at: 1_577_836_860_000 + 22 * 86_400_000 }, '550 5.1.1'],
    ['no SRS address at all', 'kim@srs.example.org', bounce, '550 5.1.1'],
    ['an SRS address of a foreign domain', home.replace('srs.example.org', 'far.example'), bounce, '554 5.7.1'],
  ])('refused: %s', async (_, address, more, expected) => expect(brief(await ask(mx, address, more))).toBe(expected))

  it('are marked, so that a message with another sender is refused after its data', async () => {
    for (const [address, reversePath] of [
      [home, null],
      [home.toLowerCase(), 'probe@far.example'],
    ] as const)
      expect(await ask(mx, address, { reversePath })).toMatchObject({
        kind: 'destinations',
        reversed: { address: 'srs0==2w=far.example=x', target: 'x@far.example' },
      })
    expect(await ask(mx, 'kim@example.org')).not.toHaveProperty('reversed')
  })

  it('in lower case, too', async () => {
    expect(brief(await ask(mx, home.toLowerCase(), bounce))).toEqual(['x@far.example mx:far.example'])
  })

  it('only in roles that reverse SRS', async () => {
    expect(brief(await ask({ ...mx, srs: { ...srs, reverse: false } }, home, bounce))).toBe('550 5.1.1')
    const submission: RouterSettings = { ...mx, own: 'relay-to-mx' }
    expect(brief(await ask(submission, home, bounce))).toEqual([`${home} peers:mx`])
  })

  it('a sender whose domain is ours now is resolved', async () => {
    const before = directoryOf(base.replaceAll('shop.example', 'other.example'))
    const rewritten = await ask(solo, 'kim@example.org', { reversePath: 'info@shop.example' }, before)
    const address = rewritten.kind === 'destinations' ? (rewritten.destinations[0]?.reversePath ?? '') : ''
    expect(address).toMatch(/^SRS0=/)
    expect(brief(await ask(mx, address, bounce))).toEqual(['kim@example.org peers:srs', 'lee@example.org peers:srs'])
  })

  it('the SRS domain has a postmaster', async () => {
    expect(brief(await ask(mx, 'postmaster@srs.example.org'))).toEqual(['ops@example.org peers:srs'])
  })
})

describe('postmaster and abuse are always accepted', () => {
  it.each([
    'postmaster',
    'Postmaster',
    'postmaster@example.org',
    'ABUSE@example.net',
    'abuse@shop.example',
    'postmaster@web-01.example.org',
  ])('%s', async (address) => expect(brief(await ask(mx, address))).toEqual(['ops@example.org peers:srs']))

  it('with the organisation’s entry if there is one', async () => {
    const data = directoryOf(base.replace('aliases:\n', 'aliases:\n  abuse: sam\n'))
    expect(brief(await ask({ ...mx, copies: false }, 'abuse@example.net', {}, data))).toEqual([
      'sam@example.org lmtp:[127.0.0.1]:24',
    ])
  })

  it('even with a foreign address', async () => {
    const settings = { ...solo, postmaster: 'admin@far.example' }
    expect(brief(await ask(settings, 'abuse@example.org'))).toEqual(['admin@far.example mx:far.example'])
  })
})
