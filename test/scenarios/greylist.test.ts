// Greylisting at a whole mx node: a first attempt waits, also over the death of the process, the second passes, the third passes at once.
// Known mail never waits, operators see and remove entries, and a reload switches all of it off and on.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const DELAY = '2s'
/** Loopback addresses without a name in the DNS, each in its own /24. */
const CLIENT = '127.9.1.1'
const NEIGHBOUR = '127.9.1.77'

let world: World
let mx: WholeNode
let home: SmtpPeer
let page: string

beforeAll(async () => {
  world = await startWorld()
  const { zone } = world.dns
  home = await world.destination('home.example')
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  const network = { TXT: ['v=spf1 ip4:127.0.0.0/8 -all'] }
  zone.set('proven.example', network)
  zone.set('aligned.example', network)
  zone.set('_dmarc.aligned.example', { TXT: ['v=DMARC1; p=reject'] })
  mx = await world.node({
    role: 'mx',
    mail: {
      domains: ['example.org'],
      aliases: { list: 'kim', postmaster: 'kim' },
      transports: { 'kim@example.org': `smtp:[${String(zone.get('mx.home.example')?.A)}]:${world.mxPort}` },
    },
    yaml: {
      peers: { srs: ['127.0.0.1:2599'] },
      admin: { listen: `127.0.0.1:${admin}` },
      score: {},
      greylist: { delay: DELAY },
    },
  })
})
afterAll(() => world.close())

interface Try {
  readonly from?: string
  readonly to?: string
  readonly localAddress?: string
}

async function attempt({ from = 'ann@stranger.example', to = 'list@example.org', localAddress = CLIENT }: Try = {}) {
  const message = `From: <${from}>\r\nSubject: x\r\n\r\nHello.\r\n`
  const sent = await mx.send({ from, to: [to], message, localAddress })
  return sent.kind === 'accepted' ? (sent.rejected[0]?.reply ?? sent.reply) : sent.reply
}

/** Tries until the message is accepted, as a mail server does. */
async function retry(what: Try): Promise<string> {
  let reply = ''
  await until(async () => (reply = await attempt(what)).startsWith('250'), { what: 'the message to be accepted' })
  return reply
}

const GREYLISTED = /^451 4\.7\.1 Greylisted, because this sender is new here: please try again in 1 minute/
const greylist = (...args: string[]) => runWaypost(['greylist', ...args, '-c', mx.config])
const metrics = async () => (await fetch(`${page}/metrics`)).text()

describe('a sender without a proof', () => {
  it('waits at its first attempt, and passes after the delay, although the node was killed', async () => {
    expect(await attempt()).toMatch(GREYLISTED)
    await mx.stop('SIGKILL')
    await mx.start()
    const reply = await retry({})
    const id = /queued as (\w+)/.exec(reply)?.[1] ?? 'none'
    const { stdout } = await runWaypost(['trace', id, '-c', mx.config])
    expect(stdout).toMatch(
      /checked greylist: came-back \(came back after \d+ s; spam score .*the client has no confirmed name/,
    )
    await until(() => home.messages.length > 0, { what: 'the message to arrive' })
  })

  it('passes at once from then on, from its network', async () => {
    expect(await attempt({ localAddress: NEIGHBOUR })).toMatch(/^250/)
  })

  it('waits again for another recipient; the ledger has the refusal with its reasons', async () => {
    expect(await attempt({ to: 'kim@example.org' })).toMatch(GREYLISTED)
    const refused = () => mx.ledger().filter((one) => one.kind === 'rejected')
    await until(() => refused().some(({ recipient }) => recipient === 'kim@example.org'), { what: 'the refusal' })
    expect(refused().at(-1)).toMatchObject({
      stage: 'data',
      sender: 'ann@stranger.example',
      cause: expect.stringMatching(/^greylist: first attempt, passes from .*Z; .*the client has no confirmed name/),
    })
  })

  it('need not wait if DMARC passes, nor to reach postmaster', async () => {
    expect(await attempt({ from: 'ann@aligned.example' })).toMatch(/^250/)
    expect(await attempt({ from: 'new@other.example', to: 'postmaster@example.org' })).toMatch(/^250/)
  })

  it('is its domain where SPF proves it: it comes back from another network', async () => {
    expect(await attempt({ from: 'ann@proven.example', localAddress: '127.9.2.1' })).toMatch(GREYLISTED)
    expect(await retry({ from: 'ann@proven.example', localAddress: '127.9.3.1' })).toMatch(/^250/)
  })
})

it('a bounce to an SRS address never waits', async () => {
  const encoded = await runWaypost(['srs', 'encode', 'ann@far.example', '-c', mx.config])
  const address = encoded.stdout.trim()
  expect(address).toMatch(/^SRS0/)
  const client = await mx.connect({ localAddress: '127.9.5.1' })
  await client.expect(null, '220')
  await client.expect('EHLO mail.far.example', '250')
  await client.expect('MAIL FROM:<>', '250')
  await client.expect(`RCPT TO:<${address}>`, '250')
  await client.expect('DATA', '354')
  await client.expect('Subject: failed\r\n\r\nIt failed.\r\n.', '250')
  client.end()
})

describe('operators', () => {
  it('see entries, what came back, and metrics', async () => {
    const { stdout, status } = await greylist('list')
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^allowed {2}127\.9\.1\.0\/24 {2}stranger\.example -> list@example\.org: first .* came back after/m,
    )
    expect(stdout).toMatch(/^allowed {2}proven\.example \(first from 127\.9\.2\.0\/24\)/m)
    const waiting = await greylist('list', '--recipient', 'kim@example.org', '--json')
    expect(JSON.parse(waiting.stdout)).toMatchObject([{ origin: '127.9.1.0/24', sender: 'stranger.example' }])
    const summary = await greylist('list', '--summary', '--json')
    const results: { cameBack: number; greylisted: number }[] = JSON.parse(summary.stdout)
    expect(results.reduce((sum, { cameBack }) => sum + cameBack, 0)).toBe(2)
    expect(results.reduce((sum, { greylisted }) => sum + greylisted, 0)).toBe(3)
    expect((await greylist('list', '--summary')).stdout).toMatch(/^reason +greylisted +came back +did not/)
    const text = await metrics()
    expect(text).toContain('waypost_greylist_total{result="came-back"}')
    expect(text).toContain('waypost_budget_used{budget="greylist"}')
  })

  it('remove entries, and see with explain what mail would have to do', async () => {
    const explain = async () =>
      (
        await runWaypost([
          'explain',
          'list@example.org',
          '-c',
          mx.config,
          '--from',
          'ann@stranger.example',
          '--ip',
          CLIENT,
        ])
      ).stdout
    expect(await explain()).not.toContain('4.7.1')
    const removed = await greylist('remove', '--network', CLIENT, '--sender', 'stranger.example')
    expect(removed).toMatchObject({ status: 0, stdout: '2 entries removed\n' })
    expect(await explain()).toMatch(/unless DMARC passes, the message waits: 451 4\.7\.1 Greylisted/)
    expect(await attempt()).toMatch(GREYLISTED)
    expect((await greylist('remove', '--network', '203.0.113.0/24')).status).toBe(1)
    expect((await greylist('remove')).status).toBe(2)
    expect((await greylist('remove', '--network', '203.0.113.0/8')).status).not.toBe(0)
  })
})

it('a reload switches greylisting off and on, and changes its rules', async () => {
  mx.configure({ greylist: undefined })
  expect(await mx.reload()).toContain('"msg":"reloaded"')
  expect(await attempt({ from: 'first@off.example' })).toMatch(/^250/)
  mx.configure({ greylist: { delay: '1h', when: ['no-client-name'] } })
  await mx.reload()
  expect(await attempt({ from: 'first@on.example' })).toMatch(/please try again in 60 minutes/)
  expect(mx.log().some((line) => line.includes('restart required'))).toBe(false)
  expect(existsSync(join(mx.data, 'greylist.db'))).toBe(true)
})

it('is an error where nothing asks for it, or with times that cannot work', async () => {
  const refused = async (role: 'mx' | 'srs', greylisted: object) => {
    const node = await world.node({ role, start: false, yaml: { greylist: greylisted } })
    return (await runWaypost(['check', '-c', node.config])).stderr
  }
  expect(await refused('srs', {})).toMatch(/node\.yaml:\d+:\d+: greylist: found a greylist, expected none/)
  expect(await refused('mx', { delay: '2h', window: '1h' })).toMatch(
    /greylist\.window: found 3600 s, expected more than delay/,
  )
})
