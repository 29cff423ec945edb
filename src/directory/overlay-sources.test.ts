// Files and sources together: precedence, unavailable answers, and what an outage must not affect.

import { describe, expect, it } from 'vitest'
import { createRouter } from '../route/router.ts'
import type { Directory } from './directory.ts'
import { loadDirectory } from './load-directory.ts'
import { memoryFiles } from './files/memory-files.ts'
import { overlaySources } from './overlay-sources.ts'
import type { Snapshot } from './snapshot.ts'
import { indexContent } from './snapshots/index-content.ts'
import { viewSource } from './snapshots/mirror-view.ts'
import type { SourceContent } from './snapshots/source-content.ts'
import type { ExternalSource, SourceUserAnswer } from './external-source.ts'

const domains = new Set(['example.org'])

function source(content: Partial<SourceContent>, incomplete: string | null = null, name = 'ldap'): ExternalSource {
  const index = indexContent(
    { users: [], aliases: [], forwards: [], ...content },
    { mainDomain: 'example.org', domains },
  )
  return viewSource(name, domains, () => ({ index, incomplete }))
}

function later(from: ExternalSource): ExternalSource {
  return { ...from, find: async (key) => await from.find(key), user: async (name) => await from.user(name) }
}

function files(mail: string): Snapshot {
  const { directory, problems } = loadDirectory(
    {
      mainDomain: 'example.org',
      mail: ['/mail.yaml'],
      scope: { facts: {}, certname: 'mx' },
      isKnownElsewhere: () => true,
    },
    memoryFiles({ '/mail.yaml': mail }),
  )
  if (!directory) throw new Error(JSON.stringify(problems))
  return directory
}

const people: Partial<SourceContent> = {
  users: [
    { name: 'kim', addresses: ['kim', 'k.im'], source: 'uid=kim' },
    { name: 'bare', addresses: ['bare'], source: 'uid=bare' },
  ],
  aliases: [{ address: 'press', targets: ['kim'], source: 'cn=press' }],
  forwards: [{ address: 'kim', targets: ['kim@home.example.net'], source: 'uid=kim' }],
}

const overlay = (mail: string, ...sources: readonly ExternalSource[]) => overlaySources(files(mail), () => sources)
const settings = {
  own: 'resolve',
  forwards: 'resolve',
  relayFor: [],
  postmaster: 'kim@example.org',
} as const
async function resolve(directory: Directory, forwardPath: string) {
  const router = createRouter(settings, () => directory)
  const request = { forwardPath, reversePath: null, origin: { kind: 'internet' as const }, at: 0 }
  const answer = await router.resolve(request)
  if (answer.kind === 'destinations') return answer.destinations.map((one) => one.recipient)
  return 'reply' in answer ? answer.reply.code : answer.kind
}

describe('an overlay', () => {
  it('without sources equals the files', async () => {
    const only = files('aliases: { press: kim@x.example }')
    const directory = overlaySources(only, () => [])
    expect(directory.find('press@example.org')).toEqual(only.find('press@example.org'))
    expect(await directory.grants('kim')).toEqual(only.grants('kim'))
  })

  it('uses the current sources', async () => {
    let sources: readonly ExternalSource[] = []
    const directory = overlaySources(files('aliases: {}'), () => sources)
    expect(await directory.find('press@example.org')).toEqual({ kind: 'absent' })
    sources = [source(people)]
    expect(await directory.find('press@example.org')).toMatchObject({ kind: 'found' })
  })

  it('finds entries that only a source has', async () => {
    const directory = overlay('aliases: {}', source(people))
    expect(await directory.find('press@example.org')).toMatchObject({
      kind: 'found',
      value: { alias: { source: 'cn=press' } },
    })
    expect(await resolve(directory, 'press@example.org')).toEqual(['kim@home.example.net'])
    expect(await resolve(directory, 'nobody@example.org')).toBe(550)
  })

  it.each([
    ['a refusal', 'refusals: { press: gone }', 550],
    ['a discard', 'discards: { press: dropped }', 'discard'],
    ['an alias', 'aliases: { press: lee@else.example }', ['lee@else.example']],
    ['a transport', "transports: { 'press@example.org': 'lmtp:[127.0.0.1]:24' }", ['press@example.org']],
  ])('%s of the files takes precedence', async (_name, mail, expected) => {
    const directory = overlay(mail, source(people))
    expect(await resolve(directory, 'press@example.org')).toEqual(expected)
  })

  it('a forward of the files takes precedence over that of a source', async () => {
    const directory = overlay('forwards: { kim: kim@file.example }', source(people))
    expect(await resolve(directory, 'kim@example.org')).toEqual(['kim@file.example'])
  })

  it('an alias that keeps a copy uses the forward of a source for it', async () => {
    const directory = overlay('aliases: { kim: [kim, lee@else.example] }', source(people))
    expect(await resolve(directory, 'kim@example.org')).toEqual(['kim@home.example.net', 'lee@else.example'])
  })

  it('a user of the files gets the forward of a source', async () => {
    const directory = overlay('users: { kim: }', source({ forwards: people.forwards ?? [] }))
    expect(await resolve(directory, 'kim@example.org')).toEqual(['kim@home.example.net'])
  })

  it('the first source with an entry applies', async () => {
    const second = source(
      { aliases: [{ address: 'press', targets: ['x@y.example'], source: 'second' }] },
      null,
      'sql:b',
    )
    const directory = overlay('aliases: {}', source(people), second)
    expect(await directory.find('press@example.org')).toMatchObject({ value: { alias: { source: 'cn=press' } } })
    expect(await directory.find('kim@example.org')).toMatchObject({ value: { user: { source: 'uid=kim' } } })
  })

  it('answers synchronously if all sources do, otherwise waits', async () => {
    expect(overlay('aliases: {}', source(people)).find('press@example.org')).not.toBeInstanceOf(Promise)
    const answer = overlay('aliases: {}', later(source(people))).find('press@example.org')
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toMatchObject({ kind: 'found' })
  })

  it('queries no source for other domains', async () => {
    const never: ExternalSource = {
      ...source(people),
      find: () => {
        throw new Error('asked')
      },
    }
    const directory = overlay("domains: [lists.example.org]\naliases: { 'a@lists.example.org': b@c.example }", never)
    expect(await resolve(directory, 'a@lists.example.org')).toEqual(['b@c.example'])
    expect(await resolve(directory, 'unknown@lists.example.org')).toBe(550)
  })
})

describe.each([
  ['a stale snapshot', (doubted: ExternalSource) => doubted],
  ['a live source', later],
])('with an incomplete %s', (_name, make) => {
  const mail = `
domains: [lists.example.org]
alias_domains: { organisation.example: example.org }
aliases: { board: [kim, lee@else.example], kept: [kept, lee@else.example], own: lee@else.example }
transports: { lists.example.org: 'lmtp:[127.0.0.1]:24' }
catch_all: { example.org: lee@else.example }
rewrites: [{ pattern: '^old-.*@example\\.org$', to: lee@else.example }]
`
  const directory = () => overlay(mail, make(source(people, 'ldap: down')))

  it.each([
    ['kim@example.org', ['kim@home.example.net']],
    ['press@example.org', ['kim@home.example.net']],
    ['kim+tag@example.org', ['kim@home.example.net']],
    ['kim@organisation.example', ['kim@home.example.net']],
    ['own@example.org', ['lee@else.example']],
    ['board@example.org', ['kim@home.example.net', 'lee@else.example']],
    ['x@lists.example.org', ['x@lists.example.org']],
    ['postmaster@example.org', ['kim@home.example.net']],
    ['abuse@example.org', ['kim@home.example.net']],
  ])('%s is still resolved', async (address, expected) => {
    expect(await resolve(directory(), address)).toEqual(expected)
  })

  it.each([
    ['a name that is not in it', 'nobody@example.org'],
    ['the same with a tag', 'nobody+tag@example.org'],
    ['the same at an alias domain', 'nobody@organisation.example'],
    ['a person without a forward', 'bare@example.org'],
    ['an alias whose own copy needs a forward', 'kept@example.org'],
    ['a name that only a rewrite would take', 'old-x@example.org'],
  ])('%s is deferred, not refused and not caught by the catch-all', async (_what, address) => {
    expect(await resolve(directory(), address)).toBe(451)
  })
})

describe('grants', () => {
  const addressesOf = async (directory: Directory, user: string) => {
    const found = await directory.grants(user)
    return found.kind === 'found' ? found.value.map((grant) => grant.address) : found.kind
  }

  it('include own addresses of the source, and aliases of both that name them', async () => {
    const directory = overlay('aliases: { team: k.im, office: kim, other: lee@x.example }', source(people))
    expect(await addressesOf(directory, 'kim')).toEqual([
      'kim@example.org',
      'office@example.org',
      'k.im@example.org',
      'team@example.org',
      'press@example.org',
    ])
  })

  it('name the DN as source', async () => {
    const directory = overlay('aliases: {}', source(people))
    const found = await directory.grants('kim')
    expect(found).toMatchObject({ kind: 'found' })
    const grants = found.kind === 'found' ? found.value : []
    expect(grants.find((grant) => grant.address === 'k.im@example.org')?.source).toBe('uid=kim')
    expect(grants.find((grant) => grant.address === 'press@example.org')?.source).toBe('cn=press')
  })

  it('leave out an alias of the source that the files replace', async () => {
    const directory = overlay('aliases: { press: lee@x.example }', source(people))
    expect(await addressesOf(directory, 'kim')).not.toContain('press@example.org')
  })

  it('of a user that no source has are those of the files, also while a mirror is incomplete', async () => {
    const directory = overlay('aliases: { office: lee }', source(people, 'ldap: down'))
    expect(await addressesOf(directory, 'lee')).toEqual(['lee@example.org', 'office@example.org'])
  })

  it('are incomplete while a live source is unavailable', async () => {
    const away: ExternalSource = {
      ...source(people),
      user: () => ({ kind: 'unavailable', cause: 'down' }),
      aliasGrants: async () => ({ grants: [], incomplete: 'down' }),
    }
    const directory = overlay('aliases: { office: kim }', away)
    expect(await directory.grants('kim')).toMatchObject({ kind: 'found', incomplete: 'down' })
    expect(await addressesOf(directory, 'kim')).toEqual(['kim@example.org', 'office@example.org'])
  })

  it('are incomplete if the source answers from its cache, or fails for aliases', async () => {
    const remembered: ExternalSource = {
      ...source(people),
      user: async (name) => ({ ...(await source(people).user(name)), incomplete: 'down' }) as SourceUserAnswer,
    }
    expect(await overlay('aliases: {}', remembered).grants('kim')).toMatchObject({ incomplete: 'down' })
    const halfway: ExternalSource = { ...source(people), aliasGrants: async () => ({ grants: [], incomplete: 'slow' }) }
    expect(await overlay('aliases: {}', halfway).grants('kim')).toMatchObject({ incomplete: 'slow' })
    expect(await overlay('aliases: {}', source(people)).grants('kim')).not.toHaveProperty('incomplete')
  })
})
