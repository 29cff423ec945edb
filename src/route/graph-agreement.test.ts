// The checks at load and the router implement the same order of look-up: they must agree.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { createRouter } from './router.ts'
import type { Resolution } from './resolution.ts'

const scope = { facts: {}, certname: 'n' }
const names = ['a', 'b', 'c', 'd']
const name = fc.constantFrom(...names)
const target = fc.constantFrom(
  ...names,
  'a+tag',
  'b@example.net',
  'C@EXAMPLE.ORG',
  'd@shop.example',
  'x@far.example',
  'nobody',
  'y@lists.example.org',
  'noreply',
  'ex-kim',
  'postmaster',
  'any@caught.example',
)
const targets = fc.uniqueArray(target, { minLength: 1, maxLength: 3 })
const data = fc.record(
  {
    aliases: fc.dictionary(fc.constantFrom(...names, 'd@shop.example', 'a+tag'), targets),
    forwards: fc.dictionary(name, targets),
    host_aliases: fc.dictionary(name, targets),
    transports: fc.constantFrom({}, { 'a@example.org': 'lmtp:[127.0.0.1]:24' }),
    catchAll: fc.constantFrom('z@far.example', 'a', 'b@example.net', 'ex-kim'),
    rewriteTo: fc.constantFrom('x@far.example', 'a', 'c@example.net'),
  },
  { requiredKeys: ['aliases', 'forwards'] },
)

/** Results of rewrites are not checked at load, except for loops: most depend on the address that was rewritten. */
function hasDanglingRewrite(given: object): boolean {
  const { rewriteTo, ...rest } = given as { readonly rewriteTo?: string; readonly transports?: object }
  const [local = ''] = rewriteTo?.split('@') ?? []
  const keys = Object.values(rest).flatMap((section) => Object.keys(section as object))
  return names.includes(local) && !keys.some((key) => key.split('@')[0] === local)
}

function textOf(given: object): string {
  const { transports, catchAll, rewriteTo, ...rest } = given as {
    transports?: object
    catchAll?: string
    rewriteTo?: string
  }
  const fixed = {
    domains: ['shop.example', 'caught.example'],
    alias_domains: { 'example.net': 'example.org' },
    discards: ['noreply'],
    rewrites: { '/^ex-/': rewriteTo ?? 'x@far.example' },
    catch_all: { 'caught.example': catchAll ?? 'z@far.example' },
  }
  return JSON.stringify({
    ...fixed,
    ...rest,
    transports: { 'lists.example.org': 'smtp:[l.example.org]:25', ...transports },
  })
}

function load(text: string, graph: 'error' | 'warning') {
  const settings = { mainDomain: 'example.org', mail: ['m.json'], scope, graph: { loops: graph, dangling: graph } }
  return loadDirectory(settings, memoryFiles({ 'm.json': text }))
}

async function resolveAll(text: string): Promise<ReadonlyMap<string, Resolution>> {
  const { directory } = load(text, 'warning')
  if (!directory) throw new Error('no directory')
  const settings = { forwards: 'resolve', own: 'resolve', relayFor: [], postmaster: 'x@far.example' } as const
  const router = createRouter(settings, () => directory)
  const answers = new Map<string, Resolution>()
  const listed = [...directory.addresses].filter(([, each]) => each.alias || each.forward || each.hostAlias)
  for (const forwardPath of [...listed.map(([key]) => key), 'stranger@caught.example']) {
    answers.set(
      forwardPath,
      await router.resolve({ forwardPath, reversePath: null, origin: { kind: 'internet' }, at: 0 }),
    )
  }
  return answers
}

const isWhole = (answer: Resolution) =>
  answer.kind === 'discard' || (answer.kind === 'destinations' && answer.failedMembers === undefined)

describe('checks and router agree', () => {
  it('data without errors resolves every address without failures', async () => {
    let faultless = 0
    await fc.assert(
      fc.asyncProperty(data, async (given) => {
        const text = textOf(given)
        if (load(text, 'error').directory === null || hasDanglingRewrite(given)) return
        faultless += 1
        for (const [address, answer] of await resolveAll(text)) expect(isWhole(answer), address).toBe(true)
      }),
      { numRuns: 1500 },
    )
    expect(faultless).toBeGreaterThan(10)
  })

  it('refused data fails for some address', async () => {
    let faulty = 0
    await fc.assert(
      fc.asyncProperty(data, async (given) => {
        const text = textOf(given)
        const { directory, problems } = load(text, 'error')
        // A forward under an alias is followed only if the alias keeps a copy, so its errors may have no effect now.
        const shadowed = Object.keys(given.forwards).some((key) => key in given.aliases)
        // A tagged entry that names itself continues without its tag (graph-edges.ts). The check is stricter where that
        // forms a loop; the router may still find a transport there.
        const tagged = Object.entries(given.aliases).some(([key, to]) => key.includes('+') && to.includes(key))
        if (directory !== null || shadowed || tagged || problems.some(({ message }) => message.startsWith('duplicate')))
          return
        faulty += 1
        const answers = [...(await resolveAll(text)).values()]
        expect(answers.every(isWhole), problems.map((problem) => problem.message).join('; ')).toBe(false)
      }),
      { numRuns: 400 },
    )
    expect(faulty).toBeGreaterThan(10)
  })
})
