// Forgeries of our domains through real nodes, judged by the destination with mailauth: neither mx, srs nor both together make one pass.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { createAuthenticator } from '../../src/filter/verify-message.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { contentOf } from '../lib/message.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { PeerMessage, SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { wire } from '../vectors/suites.ts'

// All are ours: example.org has p=none and the SRS domain within it, the others have the policy that their name says.
const domains = ['example.org', 'reject.example', 'quarantine.example', 'broken.example', 'passing.example']
const mail = {
  domains,
  forwards: { kim: 'kim@home.example', 'lee@passing.example': 'lee@home.example' },
}
const service = { authors: ['news@reject.example'], spf: 'crm.example' }

const HELO = 'srs-01.example.org'

let world: World
let mx: WholeNode
let srs: WholeNode
/** An srs node whose SRS domain is outside our domains. */
let outside: WholeNode
let home: SmtpPeer
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  home = await world.destination('home.example')
  await world.destination('evil.example')
  await world.destination('refusing.example', { moods: { rcpt: 'permfail' } })
  srs = await world.node({ role: 'srs', mail, start: false })
  outside = await world.node({
    role: 'srs',
    mail,
    yaml: { srs: { domain: 'forwards.example', secrets: ['../srs.secret'] } },
    start: false,
  })
  publish()
  await Promise.all([srs.start(), outside.start()])
  const peers = { srs: [`${srs.address}:${srs.port}`] }
  // The server of this address refuses every recipient.
  const transports = { 'gone@example.org': `smtp:[mx.refusing.example]:${world.mxPort}` }
  mx = await world.node({
    role: 'mx',
    mail: { ...mail, transports },
    yaml: { peers, dmarc: { outside_services: [service] } },
  })
})
afterAll(() => world.close())

/** SPF of our domains passes for our srs nodes, which is when an aligned envelope makes DMARC pass; clients come from 127.0.0.1. */
function publish(): void {
  const { zone } = world.dns
  const set = (name: string, spf: string) => zone.set(name, { ...zone.get(name), TXT: `v=spf1 ${spf} -all` })
  const ourHosts = `ip4:${srs.address} ip4:${outside.address}`
  for (const name of [...domains, 'srs.example.org', 'forwards.example', HELO]) set(name, ourHosts)
  for (const name of ['evil.example', 'crm.example', 'passing.example']) set(name, `${ourHosts} ip4:127.0.0.1`)
  zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=none' })
  zone.set('_dmarc.reject.example', { TXT: 'v=DMARC1; p=reject' })
  zone.set('_dmarc.quarantine.example', { TXT: 'v=DMARC1; p=quarantine' })
  zone.set('_dmarc.passing.example', { TXT: 'v=DMARC1; p=reject' })
  zone.set('_dmarc.broken.example', { fail: 'SERVFAIL' })
}

function letter(from: string): { readonly id: string; readonly text: string } {
  const id = `<${++serial}@evil.example>`
  return { id, text: `From: ${from}\r\nTo: kim@example.org\r\nSubject: Pay this\r\nMessage-ID: ${id}\r\n\r\nNow.\r\n` }
}

async function forge(from: string, sender: string | null = 'x@evil.example') {
  const { id, text } = letter(from)
  const sent = await mx.send({ from: sender, to: ['kim@example.org'], message: text })
  return { id, text, sent }
}

async function arrival(id: string): Promise<PeerMessage> {
  await until(() => home.messages.some((one) => one.data.includes(id)), { what: `${id} to arrive` })
  return home.messages.find((one) => one.data.includes(id)) as PeerMessage
}

/** The results of the destination. */
function judged(message: PeerMessage) {
  const { host, port } = world.dns
  const resolver = createStubResolver({ ...stubDefaults, servers: [{ host, port }] })
  return createAuthenticator({ clock: systemClock, resolver }).authenticate({
    remoteIp: srs.address,
    helo: HELO,
    sender: /^MAIL FROM:<([^>]*)>/.exec(message.mail)?.[1] || null,
    content: contentOf(wire(message.data.toString('latin1'))),
    authservId: 'destination.example',
    now: Date.now(),
  })
}

describe('our policy is reject or quarantine', () => {
  it.each([
    ['The boss <boss@reject.example>', 'x@evil.example'],
    ['The boss <boss@quarantine.example>', 'x@evil.example'],
    ['The boss <boss@hr.reject.example>', 'x@evil.example'],
    ['The boss <boss@reject.example>', 'boss@reject.example'],
    ['The boss <boss@reject.example>', null],
    ['boss@reject.example>', 'x@evil.example'],
    ['Boss [CEO] <boss@reject.example>', 'x@evil.example'],
    ['Boss, The <boss@reject.example>', 'x@evil.example'],
    ['=?utf-8?q?boss=40reject.example?=', 'x@evil.example'],
    ['boss@reject.example, x@evil.example', 'x@evil.example'],
    ['boss@reject.example\r\nFrom: x@evil.example', 'x@evil.example'],
  ])('the mx refuses From: %s with MAIL FROM %s', async (from, sender) => {
    const reply = expect.stringMatching(/^550 5\.7\.26 Mail with an author at (hr\.)?\w+\.example is accepted/)
    expect((await forge(from, sender)).sent).toMatchObject({ kind: 'refused', reply })
  })

  it('the mx says 451 while the record cannot be read', async () => {
    const reply = expect.stringMatching(/^451 4\.7\.1/)
    expect((await forge('boss@broken.example')).sent).toMatchObject({ kind: 'refused', reply })
  })

  it('mail that passes is forwarded with our name', async () => {
    const { id } = await forge('Lee <lee@passing.example>', 'lee@passing.example')
    expect((await judged(await arrival(id))).dmarc).toMatchObject({ result: 'pass', domain: 'passing.example' })
  })

  it('an outside service is accepted with its proof, and its mail gets no name of ours', async () => {
    const { id } = await forge('news@reject.example', 'bounce@crm.example')
    expect((await judged(await arrival(id))).dmarc).toMatchObject({ result: 'fail', policy: 'reject' })
    expect((await forge('boss@reject.example', 'bounce@crm.example')).sent.kind).toBe('refused')
    expect((await forge('news@reject.example', 'x@evil.example')).sent.kind).toBe('refused')
  })
})

describe('our policy is none', () => {
  it('a forgery is forwarded with the envelope of its sender, and fails at the destination', async () => {
    const { id, text } = await forge('The boss <boss@example.org>')
    const found = await arrival(id)
    expect(found.mail).toContain('<x@evil.example>')
    expect(found.data.toString().endsWith(text)).toBe(true)
    const { dmarc, dkim } = await judged(found)
    expect(dmarc).toMatchObject({ result: 'fail', spfAligned: false, dkimAligned: false })
    expect(dkim).toEqual([])
    const choice = srs.ledger().find((one) => one.kind === 'checked' && one.check === 'envelope')
    expect(choice).toMatchObject({ result: 'unproven', detail: expect.stringContaining('dmarc=fail') })
  })

  it.each([
    ['MAIL FROM of ours', 'boss@example.org'],
    ['the null sender', null],
  ])('a forgery with %s is refused by the mx, because no envelope of the srs would be safe', async (_, sender) => {
    const { id, sent } = await forge('The boss <boss@example.org>', sender)
    expect(sent).toMatchObject({ kind: 'refused', reply: expect.stringMatching(/^550 5\.7\.1/) })
    await mx.emptied()
    expect(home.messages.some((one) => one.data.includes(id))).toBe(false)
  })
})

describe('the srs node by itself', () => {
  const trace = (results: string) => `Received: from x by mx-01\r\nAuthentication-Results: example.org; ${results}\r\n`
  const failed = 'spf=pass; dmarc=fail header.from=example.org policy.dmarc=reject'

  it('trusts the results of its peer, whatever the mx let through', async () => {
    for (const results of [failed, 'spf=pass; dmarc=temperror', 'spf=pass']) {
      const { id, text } = letter('boss@example.org')
      const message = trace(results) + text
      await srs.send({ from: 'x@evil.example', to: ['kim@example.org'], message })
      const found = await arrival(id)
      expect(found.mail).toContain('<x@evil.example>')
      expect((await judged(found)).dmarc.result).toBe('fail')
    }
  })

  it('keeps SRS where its domain is outside ours, also for a forged sender of ours', async () => {
    for (const [sender, spf] of [
      ['x@evil.example', 'pass'],
      ['boss@example.org', 'fail'],
    ] as const) {
      const { id, text } = letter('boss@example.org')
      const message = trace(`spf=${spf}; dmarc=fail header.from=example.org policy.dmarc=none`) + text
      await outside.send({ from: sender, to: ['kim@example.org'], message })
      const found = await arrival(id)
      expect(found.mail).toMatch(/<SRS0=[^>]*@forwards\.example>/)
      expect((await judged(found)).dmarc).toMatchObject({ result: 'fail', spfAligned: false })
    }
  })
})

describe('a DSN of the mx to one of our people', () => {
  it('is forwarded with the null sender and our signature, because the mx vouches for it', async () => {
    const { id, text } = letter('Lee <lee@passing.example>')
    await mx.send({ from: 'lee@passing.example', to: ['gone@example.org'], message: text })
    await until(() => home.messages.some((one) => one.data.includes(`In-Reply-To: ${id}`)), { what: 'the DSN' })
    const report = home.messages.find((one) => one.data.includes(`In-Reply-To: ${id}`)) as PeerMessage
    expect(report.mail).toMatch(/^MAIL FROM:<>/)
    expect(report.rcpts.join()).toContain('lee@home.example')
    expect(report.data.toString()).toMatch(/^DKIM-Signature:/m)
  })
})

describe('waypost explain --message', () => {
  it('shows the rule at the mx and the envelope at the srs', async () => {
    const file = join(world.folder, 'forged.eml')
    writeFileSync(file, letter('boss@reject.example').text)
    const about = ['kim@example.org', '--from', 'x@evil.example', '--message', file]
    const atMx = await runWaypost(['explain', '-c', mx.config, ...about, '--ip', '127.0.0.1'])
    expect(atMx.stdout).toContain('Mail with an author at reject.example is accepted here only if it passes DMARC')
    writeFileSync(
      file,
      `Received: by mx\r\nAuthentication-Results: example.org; dmarc=fail header.from=example.org policy.dmarc=none\r\n${letter('boss@example.org').text}`,
    )
    const atSrs = await runWaypost(['explain', '-c', srs.config, ...about, '--as', 'peer:mx'])
    expect(atSrs.stdout).toContain(
      'checked envelope: unproven (not proven: example.org: dmarc=fail; MAIL FROM <x@evil.example>',
    )
  })
})

it('every accepted recipient has one final event', async () => {
  for (const node of [mx, srs, outside]) await node.emptied()
  for (const node of [mx, srs, outside]) expect(brokenPromises(node.ledger())).toEqual([])
})
