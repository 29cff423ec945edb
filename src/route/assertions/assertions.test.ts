import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../../directory/load-directory.ts'
import { memoryFiles } from '../../directory/files/memory-files.ts'
import { formatProblem } from '../../directory/data-problem.ts'
import { checkAssertions } from './assertions.ts'
import type { RouterSettings } from '../router-settings.ts'

const settings: RouterSettings = {
  forwards: 'relay-to-srs',
  own: 'relay-to-mx',
  relayFor: ['user'],
  postmaster: 'kim@example.org',
}
const data = `aliases: { press: [kim, issue] }
forwards: { kim: Kim@home.example.net }
transports: { issue@example.org: 'lmtp:[127.0.0.1]:24' }
discards: { noreply: x }
assertions:
`

async function check(assertions: string, more = '') {
  const scope = { facts: {}, certname: 'n' }
  const files = memoryFiles({ 'm.yaml': data + assertions, 'more.yaml': more })
  const given = { mainDomain: 'example.org', mail: ['m.yaml', 'more.yaml'], scope }
  const { directory, problems } = loadDirectory(given, files)
  if (!directory) throw new Error(problems.map(formatProblem).join('\n'))
  const run = await checkAssertions(directory, settings, 0)
  return { checked: run.checked, problems: run.problems.map(formatProblem) }
}

describe('checkAssertions', () => {
  it('passes in every role', async () => {
    const text = `  - { address: press@example.org, to: [issue@example.org, kim@home.example.net] }
  - { address: press@example.org, next_hop: ['lmtp:[127.0.0.1]:24', mx:home.example.net] }
  - { address: kim@example.org, to: kim@home.example.net, refused: false, discarded: false }
  - { address: noreply@example.org, discarded: true }
  - { address: ghost@example.org, refused: true, comment: never again }
  - { address: ghost@example.org, refused: 550 5.1.1 }
  - { address: abuse@example.org, from: '<>', to: kim@home.example.net }
`
    expect(await check(text)).toEqual({ checked: 7, problems: [] })
  })

  it('reports each failure with its place', async () => {
    const text = `  - { address: press@example.org, to: [lee@example.org, issue@example.org] }
  - { address: kim@example.org, refused: true }
  - { address: kim@example.org, discarded: true }
  - { address: noreply@example.org, discarded: false }
  - { address: ghost@example.org, refused: 553 }
  - { address: ghost@example.org, to: kim@home.example.net }
  - { address: press@example.org, next_hop: peers:srs }
`
    const prefix = (line: number, address: string) =>
      `m.yaml:${line}:5: error: assertion about ${address}@example.org fails: `
    expect((await check(text)).problems).toEqual([
      `${prefix(6, 'press')}to lacks lee@example.org; to also has kim@home.example.net`,
      `${prefix(7, 'kim')}it is not refused`,
      `${prefix(8, 'kim')}it is not discarded`,
      `${prefix(9, 'noreply')}it is discarded`,
      `${prefix(10, 'ghost')}the reply is 550 5.1.1 No such address here`,
      `${prefix(11, 'ghost')}to lacks kim@home.example.net; it is refused: unknown address ghost@example.org`,
      `${prefix(12, 'press')}next_hop lacks peers:srs; next_hop also has mx:home.example.net, lmtp:[127.0.0.1]:24`,
    ])
  })

  it('reports invalid assertions', async () => {
    expect(
      (
        await check(
          '  - press\n  - { to: x }\n  - { address: a@example.org }\n  - { address: a@example.org, two: x, refused: true }\n',
        )
      ).problems,
    ).toEqual([
      'm.yaml:6:5: error: expected a record with address, found "press"',
      'm.yaml:7:5: error: an assertion needs an address',
      'm.yaml:8:5: error: an assertion needs at least one of to, next_hop, refused, discarded, blocked, allowed',
      'm.yaml:9:31: error: unknown key "two": expected address, from, client, host, helo, from_domain, to, next_hop, refused, discarded, blocked, allowed, comment',
    ])
    expect((await check('  press: x\n')).problems[0]).toContain('expected a list of assertions')
  })

  it('reads names like routing data: bare names, IDN, a final dot, commas, any case', async () => {
    const text = `  - { address: press, to: 'issue, kim@home.example.net' }
  - { address: press, to: [Issue, KIM@Home.example.net.] }
  - { address: intl@example.org, to: kim@bücher.example, from: ann@bücher.example }
  - { address: intl@example.org, to: kim@xn--bcher-kva.example }
  - { address: unix@example.org, next_hop: lmtp:unix:/run/Lists.sock }
`
    const more = `aliases: { intl: kim@bücher.example }\ntransports: { unix@example.org: 'lmtp:unix:/run/Lists.sock' }\n`
    expect(await check(text, more)).toEqual({ checked: 5, problems: [] })
  })

  it('reads yes and no like YAML', async () => {
    const text = `  - { address: noreply, discarded: yes, refused: no }
  - { address: ghost, refused: yes }
  - { address: kim, discarded: yes }
  - { address: kim, discarded: no, refused: off }
`
    expect((await check(text)).problems).toEqual([
      'm.yaml:8:5: error: assertion about kim@example.org fails: it is not discarded',
    ])
  })

  it.each([
    ['an address', 'address: "pre ss@@x", refused: true', 'error: "pre ss@@x" is not an address'],
    ['an empty address', 'address: , refused: true', 'error: "address": expected a text or a list of texts'],
    ['a sender', 'address: kim, from: "a b", to: kim', 'error: "a b" is not an address'],
    ['targets', 'address: noreply, to: { a: b }', 'error: "to": expected a text or a list of texts, found a mapping'],
    [
      'a next hop',
      'address: noreply, next_hop: ',
      'error: "next_hop": expected a text or a list of texts, found nothing',
    ],
    ['a yes or no', 'address: noreply, discarded: maybe', 'error: "discarded": expected true or false, found "maybe"'],
    ['reply', 'address: ghost, refused: ', 'error: "refused": expected true, false or the start of a reply'],
  ])('fails with an unreadable %s', async (_what, words, problem) => {
    const { problems } = await check(`  - { ${words} }\n`)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('m.yaml:6:')
    expect(problems[0]).toContain(problem)
  })

  it('sees the own lists, and can name an entry', async () => {
    const more = `block: { shop: { network: 192.0.2.0/24 }, old: { helo: x, until: 1969-01-01 } }
allow: { partner: { sender_domain: partner.example } }
mail::discards: { void: x }
`
    const holds = `  - { address: kim, client: 192.0.2.7, blocked: true }
  - { address: kim, client: 192.0.2.7, blocked: shop, allowed: false, refused: 550 5.7.1 }
  - { address: kim, client: 192.0.3.7, helo: x, blocked: false }
  - { address: kim, client: 192.0.2.7, from: a@partner.example, allowed: partner, to: kim@home.example.net }
  - { address: postmaster, client: 192.0.2.7, blocked: no }
`
    expect(await check(holds, more)).toEqual({ checked: 5, problems: [] })
    const fails = `  - { address: kim, client: 192.0.2.7, to: kim@home.example.net }
  - { address: kim, blocked: shop }
  - { address: kim, client: 192.0.2.7, blocked: other }
  - { address: kim, from: a@partner.example, allowed: false }
  - { address: kim, client: mail.example, blocked: true }
  - { address: kim, blocked: [] }
`
    const prefix = 'error: assertion about kim@example.org fails: '
    expect((await check(fails, more)).problems).toEqual([
      `m.yaml:6:5: ${prefix}to lacks kim@home.example.net; it is refused: block "shop" at more.yaml:1: network 192.0.2.0/24`,
      `m.yaml:7:5: ${prefix}it is not blocked`,
      `m.yaml:8:5: ${prefix}it is blocked by block "shop" at more.yaml:1: network 192.0.2.0/24`,
      `m.yaml:9:5: ${prefix}it is allowed by allow "partner" at more.yaml:2: sender_domain partner.example`,
      'm.yaml:10:29: error: "client": expected an IP address, found "mail.example"',
      'm.yaml:11:30: error: "blocked": expected true, false or the name of an entry, found a list',
    ])
  })

  it('passes without assertions', async () => {
    expect(await check('')).toEqual({ checked: 0, problems: [] })
  })

  it('warns if postmaster is not deliverable, in roles that resolve our domains', async () => {
    const scope = { facts: {}, certname: 'n' }
    const { directory } = loadDirectory(
      { mainDomain: 'example.org', mail: ['m.yaml'], scope },
      memoryFiles({ 'm.yaml': 'forwards: { kim: k@far.example }' }),
    )
    const warnings = async (own: 'resolve' | 'relay-to-mx', postmaster: string) => {
      if (!directory) throw new Error('no directory')
      const run = await checkAssertions(directory, { ...settings, own, postmaster }, 0)
      return run.problems.map(formatProblem)
    }
    expect(await warnings('resolve', 'kim@example.org')).toEqual([])
    expect(await warnings('relay-to-mx', 'postmaster@example.org')).toEqual([])
    expect(await warnings('resolve', 'postmaster@example.org')).toEqual([
      'configuration:0:0: warning: mail to postmaster@example.org is refused (postmaster@example.org has no alias, and "postmaster:" of the node names no other address): add an alias for it, or set "postmaster:" of the node to a deliverable address',
    ])
  })
})
