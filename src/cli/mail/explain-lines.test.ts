import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../../directory/load-directory.ts'
import { memoryFiles } from '../../directory/files/memory-files.ts'
import { createRouter } from '../../route/router.ts'
import { explainLines } from './explain-lines.ts'

const mail = `domains: [example.org, example.net]
alias_domains: { www.example.org: example.org }
aliases:
  press: { to: [kim, lee], comment: agreed with the board }
  media: [press, kim]
  ops: [gone, kim]
  a: b
  b: a
forwards:
  kim: kim@home.example.net
  audit: { to: audit@far.example, when_dmarc_would_fail: wrap, spam_ceiling: 12.5 }
transports:
  lee@example.org: lmtp:[127.0.0.1]:24
discards: { noreply: this mailbox is not read }
refusals: { orders: We sell nothing }
catch_all: { example.net: { to: desk@far.example, spam_ceiling: none } }
`
const files = memoryFiles({ 'mail.yaml': mail })
const scope = { facts: {}, certname: 'mx' }
const { directory } = loadDirectory(
  { mainDomain: 'example.org', mail: ['mail.yaml'], scope, graph: { loops: 'warning', dangling: 'warning' } },
  files,
)
const srs = { domain: 'srs.example.org', secrets: ['s'], reverse: true, rewrite: true }

async function explain(forwardPath: string, role: 'mx' | 'srs' = 'srs', reversePath: string | null = 'a@far.example') {
  if (!directory) throw new Error('no directory')
  const forwards = role === 'mx' ? 'relay-to-srs' : 'resolve'
  const router = createRouter({ forwards, own: 'resolve', relayFor: [], srs }, () => directory)
  const at = 1_577_836_860_000
  return explainLines(
    forwardPath,
    await router.resolve({ forwardPath, reversePath, origin: { kind: 'internet' }, at }),
  ).join('\n')
}

describe('explainLines', () => {
  it.each(['mx', 'srs'] as const)('prints the spam ceiling on the %s', async (role) => {
    expect(await explain('audit@example.org', role)).toContain(
      '\n   spam score: not forwarded with a score of 12.5 or more  [mail.yaml:11]',
    )
    expect(await explain('anything@example.net', role)).toContain(
      '\n   spam score: forwarded with any score  [mail.yaml:16]',
    )
  })

  it('prints each destination with its steps and their sources', async () => {
    expect(await explain('media@www.example.org')).toMatchInlineSnapshot(`
      "media@www.example.org: 2 destinations

      1. kim@home.example.net (leaves our domains; bounces do not name it)
         alias-domain: media@www.example.org → media@example.org  [mail.yaml:2]
           alias: media@example.org → press@example.org  [mail.yaml:5]
             alias: press@example.org → kim@example.org  [mail.yaml:4]
               # agreed with the board
               forward: kim@example.org → kim@home.example.net  [mail.yaml:10]
                 srs: a@far.example → SRS0=m9Ug=2W=far.example=a@srs.example.org  [configuration]
                   # sender and kim@home.example.net are both foreign
         also via   media@example.org → kim@example.org  [mail.yaml:5]
         next hop   mx:home.example.net
         MAIL FROM  <SRS0=m9Ug=2W=far.example=a@srs.example.org>

      2. lee@example.org
         alias-domain: media@www.example.org → media@example.org  [mail.yaml:2]
           alias: media@example.org → press@example.org  [mail.yaml:5]
             alias: press@example.org → lee@example.org  [mail.yaml:4]
               # agreed with the board
               transport: lee@example.org → lmtp:[127.0.0.1]:24  [mail.yaml:13]
         next hop   lmtp:[127.0.0.1]:24
         MAIL FROM  <a@far.example>"
    `)
  })

  it('prints the treatment if DMARC would fail', async () => {
    const text = await explain('audit@example.org')
    expect(text).toContain(
      '   MAIL FROM  <SRS0=m9Ug=2W=far.example=a@srs.example.org>\n   if DMARC would fail: wrap  [mail.yaml:11]',
    )
  })

  it('prints that the mx relays to srs', async () => {
    expect(await explain('press@example.org', 'mx')).toMatchInlineSnapshot(`
      "press@example.org: 2 destinations

      1. kim@example.org (leaves our domains; bounces do not name it)
         alias: press@example.org → kim@example.org  [mail.yaml:4]
           # agreed with the board
           forward: kim@example.org  [mail.yaml:10]
             # all targets are foreign: peers:srs resolves the address
         next hop   peers:srs
         MAIL FROM  <a@far.example>

      2. lee@example.org
         alias: press@example.org → lee@example.org  [mail.yaml:4]
           # agreed with the board
           transport: lee@example.org → lmtp:[127.0.0.1]:24  [mail.yaml:13]
         next hop   lmtp:[127.0.0.1]:24
         MAIL FROM  <a@far.example>"
    `)
  })

  it('prints the reversal of an SRS address', async () => {
    expect(await explain('SRS0=m9Ug=2W=far.example=a@srs.example.org', 'mx', null)).toMatchInlineSnapshot(`
      "SRS0=m9Ug=2W=far.example=a@srs.example.org: 1 destination

      1. a@far.example
         srs-reverse: SRS0=m9Ug=2W=far.example=a@srs.example.org → a@far.example  [configuration]
           # valid SRS0 address of ours
         next hop   mx:far.example
         MAIL FROM  <>"
    `)
  })

  it('prints rejected members of a group', async () => {
    expect(await explain('ops@example.org')).toMatchInlineSnapshot(`
      "ops@example.org: 1 destination

      1. kim@home.example.net (leaves our domains; bounces do not name it)
         alias: ops@example.org → kim@example.org  [mail.yaml:6]
           forward: kim@example.org → kim@home.example.net  [mail.yaml:10]
             srs: a@far.example → SRS0=m9Ug=2W=far.example=a@srs.example.org  [configuration]
               # sender and kim@home.example.net are both foreign
         next hop   mx:home.example.net
         MAIL FROM  <SRS0=m9Ug=2W=far.example=a@srs.example.org>

      This target is rejected; the other targets are not affected:
         alias: ops@example.org → gone@example.org  [mail.yaml:6]
         reply      550 5.1.1 No such address here
         cause      unknown address gone@example.org"
    `)
  })

  it('prints the reply and the cause of a rejection', async () => {
    expect(await explain('unknown@example.org')).toMatchInlineSnapshot(`
      "unknown@example.org: rejected
         reply      550 5.1.1 No such address here
         cause      unknown address unknown@example.org"
    `)
    expect(await explain('orders@example.org')).toMatchInlineSnapshot(`
      "orders@example.org: rejected
         refuse: orders@example.org → We sell nothing  [mail.yaml:15]
         reply      550 5.1.1 We sell nothing
         cause      refused by mail.yaml:15"
    `)
    expect(await explain('a@example.org')).toMatchInlineSnapshot(`
      "a@example.org: rejected
         alias: a@example.org → b@example.org  [mail.yaml:7]
           alias: b@example.org → a@example.org  [mail.yaml:8]
         reply      550 5.4.6 Mail to this address loops
         cause      a@example.org → b@example.org → a@example.org"
    `)
    expect(await explain('kim@elsewhere.example')).toMatchInlineSnapshot(`
      "kim@elsewhere.example: rejected
         reply      554 5.7.1 Relay access denied
         cause      elsewhere.example is not a domain of ours, and origin internet may not relay"
    `)
  })

  it('prints why mail is discarded', async () => {
    expect(await explain('noreply@example.org')).toMatchInlineSnapshot(`
      "noreply@example.org: accepted and discarded: this mailbox is not read
         discard: noreply@example.org → this mailbox is not read  [mail.yaml:14]"
    `)
  })

  it('prints that a source is unavailable', () => {
    const reply = { code: 451, enhanced: '4.3.0', text: 'Address lookup failed', cause: 'ldaps://ldap-01: timed out' }
    expect(explainLines('kim@example.org', { kind: 'unavailable', reply, via: [] }).join('\n')).toMatchInlineSnapshot(`
      "kim@example.org: deferred
         reply      451 4.3.0 Address lookup failed
         cause      ldaps://ldap-01: timed out"
    `)
  })
})
