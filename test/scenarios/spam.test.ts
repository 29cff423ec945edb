// Spam through an mx and an srs node: the action of the filter counts at the mx, the spam ceiling of a forward at both. The filter is a fake;
// test/peers/rspamd.test.ts uses the real one.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clean, type FakeRspamd, scanned, startFakeRspamd } from '../lib/fake-rspamd.ts'
import { freePort } from '../lib/free-port.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const DOMAIN = 'stranger.example'

let world: World
let rspamd: FakeRspamd
let mx: WholeNode
let srs: WholeNode
let home: SmtpPeer
let lists: SmtpPeer
let stranger: SmtpPeer
let page: string
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  rspamd = await startFakeRspamd()
  home = await world.destination('home.example')
  lists = await world.destination('lists.example')
  stranger = await world.destination(DOMAIN)
  // SPF proves the sender, so that DSNs may be sent.
  world.dns.zone.set(DOMAIN, { ...world.dns.zone.get(DOMAIN), TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  const mail = {
    domains: ['example.org'],
    aliases: { team: ['list', 'kim'] },
    forwards: {
      kim: 'kim@home.example',
      patient: { to: 'patient@home.example', spam_ceiling: 12 },
      abuse: { to: 'abuse@home.example', spam_ceiling: 'none' },
    },
    transports: { 'list@example.org': `smtp:[${String(world.dns.zone.get('mx.lists.example')?.A)}]:${world.mxPort}` },
  }
  // Stricter than the mx: the srs must apply its own ceiling.
  srs = await world.node({ role: 'srs', mail, yaml: { forwards: { spam_ceiling: 4 }, arc: { seal: true } } })
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  mx = await world.node({
    role: 'mx',
    mail,
    yaml: {
      peers: { srs: [`${srs.address}:${srs.port}`] },
      rspamd: { urls: [rspamd.url], timeout: '2s' },
      admin: { listen: `127.0.0.1:${admin}` },
    },
  })
})
beforeEach(() => {
  rspamd.answer = clean
})
afterAll(async () => {
  await world.close()
  await rspamd.close()
})

function newMessage(): { id: string; text: string } {
  const id = `<${++serial}@${DOMAIN}>`
  const forged = 'X-Spam-Status: No, score=-100\r\nX-Spam-Flag: NO\r\n'
  return { id, text: `${forged}From: Ann <ann@${DOMAIN}>\r\nSubject: A message\r\nMessage-ID: ${id}\r\n\r\nHello.\r\n` }
}

async function send(to: string, text: string) {
  return mx.send({ from: `ann@${DOMAIN}`, to: [`${to}@example.org`], message: text })
}

async function arrival(host: SmtpPeer, id: string, to: string): Promise<string> {
  const isIt = (one: SmtpPeer['messages'][number]) =>
    one.data.includes(id) && one.rcpts.some((line) => line.includes(`<${to}@`))
  await until(() => host.messages.some(isIt), { what: `${id} to arrive for ${to}` })
  return host.messages.find(isIt)?.data.toString() ?? ''
}

/** Rejections are recorded after the reply. */
async function rejection(node: WholeNode, cause: string): Promise<void> {
  const recorded = () =>
    node.ledger().some((one) => one.kind === 'rejected' && one.stage === 'data' && one.cause === cause)
  await until(recorded, { what: `the rejection "${cause}" in the ledger` })
}

const bounce = async (id: string) => {
  await until(() => stranger.messages.some((one) => one.data.includes(id)), { what: 'the DSN to arrive' })
  return stranger.messages.find((one) => one.data.includes(id))?.data.toString() ?? ''
}

describe('the action of the filter', () => {
  it('reject rejects the message after DATA, and nothing is queued', async () => {
    rspamd.answer = scanned('reject', 20, { messages: { smtp_message: 'No thanks' } })
    const { text } = newMessage()
    expect(await send('list', text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^554 5\.7\.1 No thanks/),
    })
    expect(mx.queue()).toEqual([])
    await rejection(mx, 'reject, score 20 of 15: BAYES_SPAM 20')
  })

  it.each(['soft reject', 'discard', 'tarpit'])('%s defers the message', async (action) => {
    rspamd.answer = scanned(action, 20)
    expect(await send('list', newMessage().text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^451 4\.7\.1 /),
    })
    expect(mx.queue()).toEqual([])
  })

  it('add header marks the message with our own fields; the request has the envelope', async () => {
    rspamd.answer = scanned('add header', 7.25)
    const { id, text } = newMessage()
    await send('list', text)
    const found = await arrival(lists, id, 'list')
    expect(found).toMatch(/^X-Spam-Status: Yes, score=7\.25 required=15\r\nX-Spam-Flag: YES\r\n/m)
    expect(found).not.toContain('score=-100')
    expect(found).toContain('Subject: A message\r\n')
    const asked = rspamd.asked.at(-1)
    expect(asked?.body.toString()).toBe(text)
    expect(asked).toMatchObject({
      recipients: ['<list@example.org>'],
      headers: { ip: '127.0.0.1', from: `<ann@${DOMAIN}>` },
    })
    expect(
      mx
        .ledger()
        .some((one) => one.kind === 'checked' && one.check === 'spam' && one.queueId === asked?.headers['queue-id']),
    ).toBe(true)
  })
})

describe('a forward', () => {
  it('has a lower limit: the message is rejected after DATA with a reason', async () => {
    rspamd.answer = scanned('add header', 9.1)
    expect(await send('kim', newMessage().text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^550 5\.7\.1 This message looks like spam and is not forwarded from here/),
    })
    expect(mx.queue()).toEqual([])
    await rejection(mx, 'spam score 9.1 at or above 6 by configuration')
  })

  it('of a group is omitted, the others get the message, and the proven sender gets a DSN', async () => {
    rspamd.answer = scanned('add header', 9.1)
    const { id, text } = newMessage()
    expect(await send('team', text)).toMatchObject({ kind: 'accepted' })
    await arrival(lists, id, 'list')
    const report = await bounce(id)
    expect(report).toContain('Final-Recipient: rfc822;team@example.org')
    expect(report).toContain('550 5.7.1 This message looks like spam')
    expect(report).not.toContain('home.example')
    expect(home.messages.some((one) => one.data.includes(id))).toBe(false)
    const queueId = mx.ledger().findLast((one) => one.kind === 'checked' && one.check === 'forward')?.queueId
    const trace = await runWaypost(['trace', '-c', mx.config, queueId ?? ''])
    expect(trace.stdout).toContain('checked forward: reject (spam score 9.1 at or above 6 by configuration)')
    expect(trace.stdout).toContain('checked spam: add-header (add header, score 9.1 of 15: BAYES_SPAM 9.1)')
  })

  it('uses its own ceiling on both nodes', async () => {
    rspamd.answer = scanned('add header', 9.1)
    for (const to of ['patient', 'abuse']) {
      const { id, text } = newMessage()
      await send(to, text)
      const found = await arrival(home, id, to)
      expect(found).toMatch(
        /^Authentication-Results: example\.org;[^]*?\tx-spam=add-header policy\.score=9\.1 policy\.required=15\r\n/m,
      )
      // The seal covers only methods that other systems know.
      expect(/^ARC-Authentication-Results:.*(?:\r\n\t.*)*/m.exec(found)?.[0]).not.toContain('x-spam')
    }
    rspamd.answer = scanned('add header', 12)
    expect(await send('patient', newMessage().text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^550 5\.7\.1/),
    })
  })

  it('is returned by the srs if its ceiling is below the score of the mx', async () => {
    rspamd.answer = scanned('no action', 4.5)
    const { id, text } = newMessage()
    expect(await send('kim', text)).toMatchObject({ kind: 'accepted' })
    expect(await bounce(id)).toContain('550 5.7.1 This message looks like spam')
    await rejection(srs, 'spam score 4.5 at or above 4 by configuration')
  })

  it('ignores a score that the sender claims', async () => {
    const { id, text } = newMessage()
    await send('kim', `Authentication-Results: example.org; x-spam=reject policy.score=99\r\n${text}`)
    expect(await arrival(home, id, 'kim')).not.toContain('score=99')
  })
})

describe('without an answer of the filter', () => {
  it('mail passes, and ledger, metrics and health report it', async () => {
    rspamd.answer = (asked) => void asked.socket.destroy()
    const { id, text } = newMessage()
    await send('kim', text)
    const found = await arrival(home, id, 'kim')
    expect(found).toContain('x-spam=temperror')
    expect(found).not.toContain('X-Spam-Status')
    expect(mx.ledger().findLast((one) => one.kind === 'checked' && one.check === 'spam')).toMatchObject({
      result: 'unavailable',
    })
    expect(await (await fetch(`${page}/metrics`)).text()).toMatch(
      /^waypost_spam_checks_total\{result="unavailable"\} 1$/m,
    )
    expect(mx.log().some((line) => line.includes('the spam filter does not answer'))).toBe(true)
    expect(await (await fetch(`${page}/healthz`)).text()).not.toContain('spam filter')
  })

  it('mail is deferred if configured so', async () => {
    const address = rspamd.url
    await mx.stop()
    mx.configure({ rspamd: { urls: ['unix:/nowhere/rspamd.sock', address], when_down: 'defer' } })
    await mx.start()
    expect(await send('list', newMessage().text)).toMatchObject({ kind: 'accepted' })
    expect(await (await fetch(`${page}/healthz`)).text()).toContain('unix:/nowhere/rspamd.sock')
    rspamd.answer = (asked) => void asked.socket.destroy()
    expect(await send('list', newMessage().text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^451 4\.3\.0 The spam filter does not answer/),
    })
  })
})

describe('waypost explain --message', () => {
  it('queries the filter and shows the result', async () => {
    rspamd.answer = scanned('add header', 9.1)
    const file = join(world.folder, 'message.eml')
    writeFileSync(file, newMessage().text)
    const options = ['-c', mx.config, '--from', `ann@${DOMAIN}`, '--message', file]
    const kim = await runWaypost(['explain', 'kim@example.org', ...options])
    expect(kim.stdout).toMatch(
      /the message is rejected: 550 5\.7\.1 .*\(spam score 9\.1 at or above 6 by configuration\)/,
    )
    expect(kim.status).toBe(1)
    const patient = await runWaypost(['explain', 'patient@example.org', ...options])
    expect(patient.stdout).toMatch(/spam score: not forwarded with a score of 12 or more {2}\[.*mail\.yaml:\d+\]/)
    expect(patient.stdout).toContain('checked spam: add-header')
    expect(patient.status).toBe(0)
  })
})

it('waypost check reports a node without a spam filter', async () => {
  expect((await runWaypost(['check', '-c', mx.config])).stdout).not.toContain('spam')
  mx.configure({ rspamd: undefined })
  const { stdout, status } = await runWaypost(['check', '-c', mx.config])
  expect(stdout).toContain('; neither rspamd nor score: mail is not checked for spam')
  expect(status).toBe(0)
})

it('every accepted recipient has one final event', async () => {
  await Promise.all([mx.emptied(), srs.emptied()])
  for (const node of [mx, srs]) expect(brokenPromises(node.ledger())).toEqual([])
})
