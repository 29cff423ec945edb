// Loops, limits, unavailable sources, and data that changes during a resolution.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXPANSION_LIMIT } from '../directory/directory.ts'
import type { AddressRecord, Directory, Lookup } from '../directory/directory.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { createRouter } from './router.ts'
import type { RouterSettings } from './router-settings.ts'
import { CHAIN_DEPTH_LIMIT } from './resolution-state.ts'

const settings: RouterSettings = { forwards: 'resolve', own: 'resolve', relayFor: [] }
const request = { reversePath: null, origin: { kind: 'internet' }, at: 0 } as const

function directoryOf(text: string): Directory {
  const graph = { loops: 'warning', dangling: 'warning' } as const
  const scope = { facts: {}, certname: 'n' }
  const given = { mainDomain: 'example.org', mail: ['m.yaml'], scope, graph }
  const { directory, problems } = loadDirectory(given, memoryFiles({ 'm.yaml': text }))
  if (!directory) throw new Error(JSON.stringify(problems))
  return directory
}

const ask = (forwardPath: string, directory: Directory, more: RouterSettings = settings) =>
  createRouter(more, () => directory).resolve({ ...request, forwardPath })

describe('loops', () => {
  it.each([
    ['two that name each other', 'aliases: { a: b, b: a }', 'a@example.org'],
    ['through a tag that is kept', 'aliases: { a: { to: b, tag: keep }, b: { to: a, tag: keep } }', 'a+x@example.org'],
    [
      'through an alias domain',
      'alias_domains: { example.net: example.org }\naliases: { a: b@example.net, b: a@example.net }',
      'a@example.net',
    ],
    ['through a catch-all', 'catch_all: [ghost]', 'x@example.org'],
    ['through a rewrite', "rewrites: { '/^x-(.*)@/': 'x-$1' }", 'x-1@example.org'],
    ['between alias and forward', 'aliases: { a: b }\nforwards: { b: a }', 'a@example.org'],
  ])('%s: refused', async (_, text, address) => {
    expect(await ask(address, directoryOf(text))).toMatchObject({
      kind: 'refused',
      reply: { code: 550, enhanced: '5.4.6' },
    })
  })

  it('a loop of some members does not affect the others', async () => {
    const answer = await ask(
      'a@example.org',
      directoryOf('aliases: { a: [b, c], b: a }\nforwards: { c: c@far.example }'),
    )
    expect(answer).toMatchObject({
      destinations: [{ recipient: 'c@far.example' }],
      failedMembers: [{ reply: { enhanced: '5.4.6' } }],
    })
  })

  it('an address that names itself is final, by any of its names', async () => {
    const text = `alias_domains: { example.net: example.org }
aliases: { kim: [kim@example.net, KIM+x@example.org, kim@far.example] }
transports: { kim@example.org: 'lmtp:[127.0.0.1]:24' }
`
    const answer = await ask('kim@example.net', directoryOf(text))
    expect(answer.kind === 'destinations' && answer.destinations.map((one) => one.recipient)).toEqual([
      'kim@example.org',
      'KIM+x@example.org',
      'kim@far.example',
    ])
  })

  it('alias and forward of one address may both keep a copy', async () => {
    const text = `aliases: { kim: [kim, lee] }
forwards: { kim: [kim, kim@far.example], lee: lee@far.example }
transports: { kim@example.org: 'lmtp:[127.0.0.1]:24' }
`
    const answer = await ask('kim@example.org', directoryOf(text))
    expect(answer.kind === 'destinations' && answer.destinations.map((one) => one.recipient)).toEqual([
      'kim@example.org',
      'kim@far.example',
      'lee@far.example',
    ])
  })

  it('the copy that an address keeps never goes to the catch-all', async () => {
    const text = 'aliases: { kim: [kim, kim@far.example] }\ncatch_all: lee\nforwards: { lee: lee@far.example }'
    expect(await ask('kim@example.org', directoryOf(text))).toMatchObject({
      destinations: [{ recipient: 'kim@far.example' }],
      failedMembers: [{ reply: { enhanced: '5.1.1' } }],
    })
  })
})

describe('limits', () => {
  it('a chain has a limit', async () => {
    const chain = (length: number) =>
      `aliases:\n${Array.from({ length }, (_, n) => `  a${n}: a${n + 1}`).join('\n')}\nforwards: { a${length}: x@far.example }\n`
    expect(await ask('a0@example.org', directoryOf(chain(40)))).toMatchObject({ kind: 'destinations' })
    expect(await ask('a0@example.org', directoryOf(chain(CHAIN_DEPTH_LIMIT)))).toMatchObject({
      reply: { enhanced: '5.4.6' },
    })
  })

  it('a group may have a thousand members', async () => {
    const group = (length: number) =>
      `aliases: { all: [${Array.from({ length }, (_, n) => `u${n}@far.example`).join(', ')}] }`
    const answer = await ask('all@example.org', directoryOf(group(EXPANSION_LIMIT)))
    expect(answer.kind === 'destinations' && answer.destinations.length).toBe(EXPANSION_LIMIT)
    const more = await ask('all@example.org', directoryOf(group(EXPANSION_LIMIT + 1)))
    expect(more).toMatchObject({ failedMembers: [{ reply: { text: 'This address expands to too many others' } }] })
  })

  it('large groups with the same members take linear time', async () => {
    const people = Array.from({ length: 900 }, (_, n) => `u${n}`)
    const groups = Array.from({ length: 4 }, (_, n) => `  g${n}: [${people.join(', ')}]`)
    const forwards = people.map((name) => `  ${name}: ${name}@far.example`)
    const text = `aliases:\n  all: [g0, g1, g2, g3]\n${groups.join('\n')}\nforwards:\n${forwards.join('\n')}\n`
    const answer = await ask('all@example.org', directoryOf(text))
    const [first] = answer.kind === 'destinations' ? answer.destinations : []
    expect(answer.kind === 'destinations' && answer.destinations.length).toBe(900)
    expect(first?.via.filter((step) => step.rule === 'merge').map((step) => step.from)).toEqual([
      'g1@example.org',
      'g2@example.org',
      'g3@example.org',
    ])
  })

  it('nested groups take linear time', async () => {
    const lines = Array.from({ length: 40 }, (_, n) => `  g${n}: [g${n + 1}, h${n}]\n  h${n}: g${n + 1}`)
    const text = `aliases:\n${lines.join('\n')}\nforwards: { g40: x@far.example }\n`
    expect(await ask('g0@example.org', directoryOf(text))).toMatchObject({
      destinations: [{ recipient: 'x@far.example' }],
    })
  })
})

describe('sources that answer late, or are unavailable', () => {
  const records: Record<string, Lookup<AddressRecord>> = {
    'group@example.org': {
      kind: 'found',
      value: {
        alias: {
          targets: [
            { local: 'a', domain: 'example.org' },
            { local: 'b', domain: 'far.example' },
          ],
          source: 'uid=group',
        },
      },
    },
    'a@example.org': { kind: 'unavailable', cause: 'ldaps://ldap-01: timed out' },
  }
  const live: Directory = {
    mainDomain: 'example.org',
    rewrites: [],
    domains: new Map(),
    domain: (name) =>
      name === 'example.org' ? { source: 'configuration', catchAll: { targets: [], source: 'x' } } : undefined,
    find: (key) => new Promise((resolve) => setImmediate(() => resolve(records[key] ?? { kind: 'absent' }))),
    grants: () => ({ kind: 'absent' }),
  }

  it('unavailable is 451 for the whole group, never unknown', async () => {
    const reply = { code: 451, enhanced: '4.3.0', cause: 'ldaps://ldap-01: timed out' }
    expect(await ask('a@example.org', live)).toMatchObject({ kind: 'unavailable', reply })
    expect(await ask('group@example.org', live)).toMatchObject({ kind: 'unavailable', reply })
    expect(await ask('a+tag@example.org', live)).toMatchObject({ kind: 'unavailable', reply })
  })

  it('a reload applies to the next resolution', async () => {
    let current = live
    const router = createRouter(settings, () => current)
    const started = router.resolve({ ...request, forwardPath: 'a@example.org' })
    current = directoryOf('forwards: { a: a@far.example }')
    expect((await started).kind).toBe('unavailable')
    expect((await router.resolve({ ...request, forwardPath: 'a@example.org' })).kind).toBe('destinations')
  })
})

it('an address with a tag that names itself and its base is one destination at the next hop', async () => {
  const directory = directoryOf('aliases: { a: [a+t, a] }\nforwards: { a: [c@far.example] }')
  for (const forwards of ['relay-to-srs', 'resolve'] as const)
    expect(await ask('a+t@example.org', directory, { ...settings, forwards })).toMatchObject({
      destinations: [expect.anything()],
    })
})

describe('generated data', () => {
  const name = fc.constantFrom(
    'a',
    'b',
    'c',
    'd',
    'a+t',
    'A@example.net',
    'b@shop.example',
    'x@far.example',
    'c@far.example',
    'lost',
  )
  const group = fc.uniqueArray(name, { maxLength: 4 })
  const sections = fc.record({
    aliases: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'a+t', 'e@shop.example'), group),
    forwards: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), group),
  })

  it('resolves in finite time to unique destinations', async () => {
    await fc.assert(
      fc.asyncProperty(
        sections,
        fc.constantFrom('a', 'a+t', 'B', 'c', 'd+t'),
        fc.boolean(),
        async (data, local, handsOver) => {
          const head = 'domains: [shop.example]\nalias_domains: { example.net: example.org }\n'
          const directory = directoryOf(
            `${head}aliases: ${JSON.stringify(data.aliases)}\nforwards: ${JSON.stringify(data.forwards)}\n`,
          )
          const role: RouterSettings = { ...settings, forwards: handsOver ? 'relay-to-srs' : 'resolve' }
          const answer = await ask(`${local}@example.net`, directory, role)
          if (answer.kind !== 'destinations') return
          expect(answer.destinations.length).toBeGreaterThan(0)
          const keys = answer.destinations.map((one) => `${one.recipient.toLowerCase()} ${one.nextHop}`)
          expect(new Set(keys).size).toBe(keys.length)
          for (const one of answer.destinations) {
            expect(one.nextHop).toMatch(handsOver ? /^peers:srs$/ : /^mx:far\.example$/)
            expect(one.via.length).toBeGreaterThan(0)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
