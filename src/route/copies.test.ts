// recipient_bcc: an address gets its copies at every step of the look-up.

import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { createRouter } from './router.ts'

const data = `
domains: [net.example.org]
alias_domains: { example.net: example.org }
aliases: { kim: kim@far.example, group: [kim, lee] }
forwards: { lee: lee@far.example }
transports: { lists.example.org: 'smtp:[l.example.org]' }
catch_all: { net.example.org: net@far.example }
rewrites: { '/^ex-/': support@far.example }
host_aliases: { web: web@far.example }
recipient_bcc:
  kim: audit@audit.example
  lee+board: audit@audit.example
  all@lists.example.org: audit@audit.example
  caught@net.example.org: audit@audit.example
  ex-sam: audit@audit.example
  web: audit@audit.example
  postmaster: audit@audit.example
`

async function recipients(forwardPath: string): Promise<readonly string[]> {
  const given = { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } }
  const { directory, problems } = loadDirectory(given, memoryFiles({ 'm.yaml': data }))
  if (!directory) throw new Error(JSON.stringify(problems))
  const settings = { forwards: 'resolve', own: 'resolve', relayFor: [], postmaster: 'ops@far.example' } as const
  const router = createRouter(settings, () => directory)
  const answer = await router.resolve({ forwardPath, reversePath: null, origin: { kind: 'internet' }, at: 0 })
  return answer.kind === 'destinations' ? answer.destinations.map((one) => one.recipient) : [answer.kind]
}

describe('copies', () => {
  it.each([
    ['an alias', 'kim@example.org', 'kim@far.example'],
    ['the entry without its tag', 'kim+x@example.org', 'kim@far.example'],
    ['an entry that is made for a tag', 'lee+board@example.org', 'lee@far.example'],
    ['an alias domain', 'kim@example.net', 'kim@far.example'],
    ['the transport of its domain', 'all@lists.example.org', 'all@lists.example.org'],
    ['the catch-all', 'caught@net.example.org', 'net@far.example'],
    ['a rewrite', 'ex-sam@example.org', 'support@far.example'],
    ["a host's alias", 'web@example.org', 'web@far.example'],
    ["the node's own answer for postmaster", 'postmaster@example.org', 'ops@far.example'],
  ])('of an address resolved by %s', async (_what, forwardPath, recipient) => {
    expect(await recipients(forwardPath)).toEqual([recipient, 'audit@audit.example'])
  })

  it('of one member are made once, and of no other', async () => {
    expect(await recipients('group@example.org')).toEqual(['kim@far.example', 'audit@audit.example', 'lee@far.example'])
    expect(await recipients('lee+other@example.org')).toEqual(['lee@far.example'])
  })
})
