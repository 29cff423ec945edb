// Test mode at a whole mx node: spam, virus and dnsbl would refuse a message, and it arrives as if they did not exist. The ledger says what
// each would have done, and a reload makes them act.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeClamd, type FakeClamd } from '../lib/fake-clamd.ts'
import { type FakeRspamd, scanned, startFakeRspamd } from '../lib/fake-rspamd.ts'
import { freePort } from '../lib/free-port.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { testPointsOf } from '../lib/sample-dns-list.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const LISTED = '127.7.7.7'

let world: World
let rspamd: FakeRspamd
let clamd: FakeClamd
let mx: WholeNode
let home: SmtpPeer
let page: string
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  rspamd = await startFakeRspamd()
  clamd = await startFakeClamd('stream: Win.Worm FOUND')
  rspamd.answer = scanned('reject', 20)
  const { zone } = world.dns
  for (const [name, entry] of testPointsOf('bl.test')) zone.set(name, entry)
  zone.set(`${LISTED.split('.').toReversed().join('.')}.bl.test`, { A: '127.0.0.2' })
  home = await world.destination('home.example')
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  mx = await world.node({
    role: 'mx',
    mail: {
      domains: ['example.org'],
      aliases: { list: 'kim' },
      transports: { 'kim@example.org': `smtp:[${String(zone.get('mx.home.example')?.A)}]:${world.mxPort}` },
    },
    yaml: {
      peers: { srs: ['127.0.0.1:2599'] },
      admin: { listen: `127.0.0.1:${admin}` },
      rspamd: { urls: [rspamd.url], timeout: '30s' },
      clamav: { servers: [clamd.name], timeout: '30s' },
      dnsbl: {
        own: [
          {
            name: 'ours',
            zone: 'bl.test',
            kinds: ['ip4'],
            answers: [{ answer: '127.0.0.2', points: 5, meaning: 'spam source' }],
          },
        ],
        timeout: '20s',
      },
      checks: { spam: 'test', virus: 'test', dnsbl: 'test' },
    },
  })
  await until(async () => (await metrics()).includes('waypost_dnsbl_available{list="ours",kind="ip4"} 1'), {
    what: 'the first test of the list',
  })
})
afterAll(async () => {
  await world.close()
  await Promise.all([rspamd.close(), clamd.close()])
})

const metrics = async () => (await fetch(`${page}/metrics`)).text()

function newMessage(): { id: string; text: string } {
  const id = `<${++serial}@stranger.example>`
  return { id, text: `From: ann@stranger.example\r\nSubject: A message\r\nMessage-ID: ${id}\r\n\r\nHello.\r\n` }
}

const send = (message: string) =>
  mx.send({ from: 'ann@stranger.example', to: ['list@example.org'], message, localAddress: LISTED })

async function arrival(id: string): Promise<string> {
  const isIt = (one: SmtpPeer['messages'][number]) => one.data.includes(id)
  await until(() => home.messages.some(isIt), { what: `${id} to arrive` })
  return home.messages.find(isIt)?.data.toString() ?? ''
}

describe('checks in test mode', () => {
  it('let the message pass without a trace in it', async () => {
    const { id, text } = newMessage()
    expect(await send(text)).toMatchObject({ kind: 'accepted', rejected: [] })
    const found = await arrival(id)
    for (const mark of ['X-Spam', 'x-spam', 'x-virus']) expect(found).not.toContain(mark)
    expect(clamd.messages.length).toBeGreaterThan(0)
    expect(rspamd.asked.length).toBeGreaterThan(0)
  })

  it('are in the history of the message, with the replies that they would have given', async () => {
    const found = mx.ledger().filter((one) => one.kind === 'would-reject')
    expect(found.map(({ check, stage, reply }) => `${check} ${stage} ${reply.slice(0, 9)}`)).toEqual([
      'dnsbl rcpt 550 5.7.1',
      'virus data 550 5.7.1',
      'spam data 554 5.7.1',
    ])
    const { stdout } = await runWaypost(['trace', '-c', mx.config, found[0]?.queueId ?? ''])
    expect(stdout).toContain(
      `check spam in test mode would reject at DATA from unknown[${LISTED}], sender <ann@stranger.example>, recipient list@example.org: 554 5.7.1 Spam message rejected (reject, score 20 of 15`,
    )
    expect(stdout).toContain('delivered to kim@example.org')
    expect(stdout).toMatch(/^ {2}\S+ {2}checks took \d+ ms: .*\bauthentication-results \d+ ms at DATA\b/m)
  })

  it('are in the ledger too if no message follows', async () => {
    const client = await mx.connect({ localAddress: LISTED })
    await client.expect(null, '220')
    await client.expect('EHLO mail.stranger.example', '250')
    await client.expect('MAIL FROM:<ann@stranger.example>', '250')
    await client.expect('RCPT TO:<list@example.org>', '250')
    await client.expect('QUIT', '221')
    const alone = () => mx.ledger().find((one) => one.kind === 'would-reject' && one.queueId === null)
    await until(() => alone() !== undefined, { what: 'the event of the transaction without a message' })
    expect(alone()).toMatchObject({ check: 'dnsbl', stage: 'rcpt', recipient: 'list@example.org' })
    const { stdout } = await runWaypost(['trace', '-c', mx.config, alone()?.session ?? ''])
    expect(stdout).toMatch(/^not queued, session /)
  })

  it('are counted, and shown by log, health, metrics and check', async () => {
    const text = await metrics()
    expect(text).toContain('waypost_check_refusals_total{check="spam",stage="message",verdict="reject",mode="test"} 1')
    expect(text).toMatch(/^waypost_check_seconds_count\{check="spam",stage="message"\} 1$/m)
    expect(text).toContain('waypost_checks_in_test_mode{check="virus",listener="smtp"} 1')
    const health = (await (await fetch(`${page}/healthz`)).json()) as { checks: { tests: unknown } }
    const names = 'dnsbl (smtp), virus (smtp), spam (smtp)'
    expect(health.checks.tests).toEqual({ kind: 'ok', note: `in test mode: ${names}` })
    expect(mx.log().some((line) => line.includes(`checks in test mode, which refuse nothing: ${names}`))).toBe(true)
    const { stdout, status } = await runWaypost(['check', '--offline', '-c', mx.config])
    expect(stdout).toContain(`; in test mode, refusing nothing: ${names}`)
    expect(status).toBe(0)
  })

  it('are summed up by the report, with the node running or stopped', async () => {
    const { stdout, status } = await runWaypost(['report', 'checks', '-c', mx.config])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^dnsbl +1 +0 +2 +0 +0 +0 /m)
    expect(stdout).toMatch(/^virus +1 +0 +1 +0 +0 +0 /m)
    expect(stdout).toMatch(/^spam +1 +0 +1 +0 +0 +0 /m)
    expect(stdout).toContain('  would refuse (test mode): 2 recipients\n')
    expect(stdout).toContain('    1  554 5.7.1 Spam message rejected  (trace ')
    expect(stdout).toContain('    2  127.7.7.0/24  (trace ')
    expect(stdout).toContain('    1  stranger.example  (trace ')
    await mx.stop()
    const stopped = await runWaypost(['report', 'checks', '--data', mx.data, '--json'])
    await mx.start()
    const { messages, checks } = JSON.parse(stopped.stdout) as { messages: number; checks: { check: string }[] }
    expect(messages).toBe(1)
    expect(checks.map(({ check }) => check)).toContain('authentication-results')
  })

  it('are named by explain', async () => {
    const file = join(world.folder, 'message.eml')
    writeFileSync(file, newMessage().text)
    const options = ['-c', mx.config, '--from', 'ann@stranger.example', '--ip', '192.0.2.1', '--message', file]
    const { stdout, status } = await runWaypost(['explain', 'list@example.org', ...options])
    expect(stdout).toContain('would be refused by virus (test mode): 550 5.7.1')
    expect(stdout).toContain('would be refused by spam (test mode): 554 5.7.1 Spam message rejected')
    expect(status).toBe(0)
  })
})

describe('a reload', () => {
  it('makes a check act, on the listener that says so', async () => {
    const [listen] = [`${mx.address}:${mx.port}`]
    mx.configure({ listen: { smtp: { address: listen, checks: { spam: 'active' } } } })
    expect(await mx.reload()).toContain('"msg":"reloaded"')
    expect(await send(newMessage().text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^554 5\.7\.1/),
    })
    const rejected = () => mx.ledger().find((one) => one.kind === 'rejected' && one.stage === 'data')
    await until(() => rejected() !== undefined, { what: 'the rejection' })
    expect(rejected()).toMatchObject({ check: 'spam' })
    // What the other checks would have done with it is not lost.
    const virus = () => mx.ledger().filter((one) => one.kind === 'would-reject' && one.check === 'virus')
    await until(() => virus().length === 2, { what: 'the event of the refused message' })
    expect(virus()[1]).toMatchObject({ queueId: null })
  })

  it('makes all act, and health has no note any more', async () => {
    mx.configure({ checks: undefined })
    expect(await mx.reload()).toContain('"msg":"reloaded"')
    expect(await send(newMessage().text)).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^550 5\.7\.1/),
    })
    expect(await (await fetch(`${page}/healthz`)).text()).not.toContain('test mode')
    expect(mx.log().some((line) => line.includes('all checks act'))).toBe(true)
    expect(await metrics()).not.toContain('waypost_checks_in_test_mode{')
  })

  it('refuses a mode that a check cannot have', async () => {
    mx.configure({ checks: { recipient: 'test' } })
    expect(await mx.reload()).toContain('expected active: the check recipient has no test mode')
  })
})

it('every accepted recipient has one final event', async () => {
  await mx.emptied()
  expect(brokenPromises(mx.ledger())).toEqual([])
})
