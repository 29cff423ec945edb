// The addresses at which a node reads reports: before every entry, through aliases, with tags, and with a copy.

import { expect, it } from 'vitest'
import { parseAddress } from '../directory/address.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import { createRouter } from './router.ts'

const data = `
domains: [example.org]
alias_domains: { example.net: example.org }
aliases: { dmarc: kim@far.example, old: dmarc, loop: dmarc }
forwards: { kim: kim@far.example }
`

async function resolve(forwardPath: string, forwardTo: string | null = null) {
  const given = { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } }
  const { directory, problems } = loadDirectory(given, memoryFiles({ 'm.yaml': data }))
  if (!directory) throw new Error(JSON.stringify(problems))
  const to = forwardTo === null ? null : parseAddress(forwardTo)
  const reports = { addresses: new Set(['dmarc@example.org']), forwardTo: to }
  const settings = { forwards: 'relay-to-srs', own: 'resolve', relayFor: [], reports } as const
  const answer = await createRouter(settings, () => directory).resolve({
    forwardPath,
    reversePath: 'a@reporter.example',
    origin: { kind: 'internet' },
    at: 0,
  })
  return answer.kind === 'destinations'
    ? answer.destinations.map(({ recipient, nextHop }) => `${recipient} ${nextHop}`)
    : answer.kind
}

it.each([
  ['the address, before its alias', 'dmarc@example.org'],
  ['another case', 'DMARC@Example.ORG'],
  ['a tag', 'dmarc+x@example.org'],
  ['an alias', 'old@example.org'],
  ['an alias domain', 'dmarc@example.net'],
])('takes %s', async (_, address) => {
  const [only, ...others] = (await resolve(address)) as string[]
  expect([only?.split(' ')[1], others]).toEqual(['reports:store', []])
})

it('sends a copy to a foreign address through the srs node, and to one of ours', async () => {
  const stored = 'dmarc@example.org reports:store'
  expect(await resolve('dmarc@example.org', 'ops@far.example')).toEqual([stored, 'ops@far.example peers:srs'])
  expect(await resolve('dmarc@example.org', 'kim@example.org')).toEqual([stored, 'kim@example.org peers:srs'])
})

it('stores a report although its copy has no destination, or leads back', async () => {
  expect(await resolve('dmarc@example.org', 'nobody@example.org')).toEqual(['dmarc@example.org reports:store'])
  expect(await resolve('dmarc@example.org', 'loop@example.org')).toEqual(['dmarc@example.org reports:store'])
})

it('takes no other address', async () => {
  expect(await resolve('nobody@example.org')).toBe('refused')
  expect(await resolve('dmarc@far.example')).toBe('refused')
})
