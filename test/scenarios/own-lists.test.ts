// The own lists at a whole mx node: blocked mail in the ledger, mail that is allowed past a DNS list, a forged sender that is not, a reload,
// and what the commands say.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { testPointsOf } from '../lib/sample-dns-list.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** Loopback addresses of the clients. A DNS list has the first three. */
const PARTNER = '127.7.8.1'
const NAMED = '127.7.8.2'
const LISTED = '127.7.8.3'
const BLOCKED = '127.7.9.4'
const OTHER = '127.7.8.5'

let world: World
let mx: WholeNode
let page: string
let hop: string

const reversed = (ip: string) => ip.split('.').toReversed().join('.')

const mail = (lists: object) => ({
  domains: ['example.org'],
  aliases: { list: 'kim', postmaster: 'kim' },
  transports: { 'kim@example.org': hop, 'lee@example.org': hop },
  ...lists,
})

beforeAll(async () => {
  world = await startWorld()
  const { zone } = world.dns
  for (const [name, entry] of testPointsOf('bl.test')) zone.set(name, entry)
  for (const ip of [PARTNER, NAMED, LISTED]) zone.set(`${reversed(ip)}.bl.test`, { A: '127.0.0.2' })
  zone.set(`${reversed(NAMED)}.in-addr.arpa`, { PTR: 'mail.named.example' })
  zone.set('mail.named.example', { A: NAMED })
  zone.set('sender.example', { TXT: `v=spf1 ip4:${LISTED} -all` })
  await world.destination('home.example')
  hop = `smtp:[${String(zone.get('mx.home.example')?.A)}]:${world.mxPort}`
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  mx = await world.node({
    role: 'mx',
    start: false,
    mail: mail({
      allow: {
        partner: { network: `${PARTNER}/32`, comment: 'agreed' },
        named: { host: '.named.example' },
        writer: { sender: 'ann@sender.example' },
        forged: { sender_domain: 'forged.example' },
      },
      block: [
        { network: '127.7.9.0/24', reply: 'Write to postmaster@example.org', comment: 'ticket 17' },
        { from_domain: '.phish.example' },
        { helo: 'old.example', until: '2020-01-01' },
      ],
      assertions: [
        { address: 'list', client: BLOCKED, blocked: true },
        { address: 'list', client: PARTNER, allowed: 'partner' },
      ],
    }),
    yaml: {
      peers: { srs: ['127.0.0.1:2599'] },
      admin: { listen: `127.0.0.1:${admin}` },
      score: { mark: 1, refuse: 2, points: { NO_DATE: 50 } },
      dnsbl: {
        own: [
          {
            name: 'ours',
            zone: 'bl.test',
            kinds: ['ip4'],
            answers: [{ answer: '127.0.0.2', points: 5, meaning: 'spam' }],
          },
        ],
        timeout: '1s',
      },
    },
  })
  await mx.start()
  await until(async () => (await metrics()).includes('waypost_dnsbl_available{list="ours",kind="ip4"} 1'), {
    what: 'the first test of the list',
  })
})
afterAll(() => world.close())

const metrics = async () => (await fetch(`${page}/metrics`)).text()

async function rcpt(
  localAddress: string,
  { from = 'ann@stranger.example', to = 'list@example.org', helo = 'x.example' } = {},
) {
  const client = await mx.connect({ localAddress })
  await client.reply()
  let last = ''
  for (const command of [`EHLO ${helo}`, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`]) {
    client.send(command)
    last = (await client.reply()).lines.join(' ')
  }
  client.end()
  return last
}

let sent = 0
async function send(
  localAddress: string,
  { from = 'ann@stranger.example', author = '', to = 'list@example.org' } = {},
) {
  const id = `own-lists-${++sent}@stranger.example`
  const message = `From: Ann <${author === '' ? from : author}>\r\nMessage-ID: <${id}>\r\n\r\nHello.\r\n`
  return mx.send({ from, to: [to], message, localAddress })
}

describe('a blocked client', () => {
  it('gets the reply of the entry; the ledger has sender, recipient and the place of the entry', async () => {
    expect(await rcpt(BLOCKED)).toBe('550 5.7.1 Write to postmaster@example.org')
    expect(await rcpt(BLOCKED, { to: 'postmaster@example.org' })).toMatch(/^250 /)
    const recorded = () => mx.ledger().find((one) => one.kind === 'rejected' && one.remote.includes(BLOCKED))
    await until(() => recorded() !== undefined, { what: 'the rejection in the ledger' })
    expect(recorded()).toMatchObject({
      stage: 'rcpt',
      sender: 'ann@stranger.example',
      recipient: 'list@example.org',
      cause: expect.stringMatching(/^own-lists: block at .*mail\.yaml:\d+: network 127\.7\.9\.0\/24 \(ticket 17\)$/),
    })
  })

  it('is blocked by the author at the end of data, and not by an entry that has expired', async () => {
    expect(await send(OTHER, { author: 'eve@x.phish.example' })).toMatchObject({
      kind: 'refused',
      reply: '550 5.7.1 Mail of this author is blocked here',
    })
    expect(await rcpt(OTHER, { helo: 'old.example' })).toMatch(/^250 /)
  })
})

describe('an allowed client', () => {
  it.each([PARTNER, NAMED])('%s passes the DNS list and the score', async (ip) => {
    expect(await rcpt(LISTED)).toMatch(/^550 5\.7\.1 Your address .* is listed by ours/)
    expect(await send(ip)).toMatchObject({ kind: 'accepted' })
    const found = mx.ledger().filter((one) => one.kind === 'checked' && one.check === 'own-lists')
    expect(found.at(-1)).toMatchObject({ result: 'allowed', detail: expect.stringContaining('mail.yaml:') })
  })

  it('by its sender passes if SPF proves it', async () => {
    expect(await send(LISTED, { from: 'ann@sender.example' })).toMatchObject({ kind: 'accepted' })
  })

  it('by a forged sender is refused at the end of data', async () => {
    expect(await rcpt(NAMED, { from: 'ann@forged.example' })).toMatch(/^250 /)
    expect(await send(LISTED, { from: 'ann@forged.example' })).toMatchObject({
      kind: 'refused',
      reply: expect.stringContaining('is listed by ours'),
    })
    expect(await send(OTHER, { from: 'ann@forged.example' })).toMatchObject({
      kind: 'refused',
      reply: expect.stringMatching(/^554 /),
    })
  })

  it('may not relay', async () => {
    expect(await rcpt(PARTNER, { to: 'kim@far.example' })).toMatch(/^554 5\.7\.1 /)
  })
})

it('explain, check and metrics show the entries', async () => {
  const explained = (...more: string[]) => runWaypost(['explain', 'list@example.org', '-c', mx.config, ...more])
  const blocked = await explained('--ip', BLOCKED)
  expect(blocked.status).toBe(1)
  expect(blocked.stdout).toMatch(/550 5\.7\.1 Write to postmaster@example\.org \(own-lists: block at .*mail\.yaml:\d+/)
  const allowed = await explained('--ip', NAMED, '--from', 'eve@evil.example')
  expect(allowed.status).toBe(0)
  expect(allowed.stdout).toMatch(/allow "named" at .*mail\.yaml:\d+: host \.named\.example: no DNS list/)
  const pending = await explained('--ip', LISTED, '--from', 'ann@forged.example')
  expect(pending.stdout).toContain('applies if SPF, DKIM or DMARC proves the sender')
  const checked = await runWaypost(['check', '-c', mx.config])
  expect(checked.stderr).toMatch(/mail\.yaml:\d+:1: this entry expired at 2020-01-02T00:00:00.000Z and has no effect/)
  expect(checked.stdout).toContain('7 list entries')
  expect(await metrics()).toContain('waypost_own_list_entries{list="block",state="expired"} 1')
  expect(await metrics()).toContain('waypost_own_list_entries{list="allow",state="active"} 4')
})

it('a reload replaces the lists, and a wrong entry keeps the old ones', async () => {
  writeFileSync(join(mx.config, '..', 'mail.yaml'), 'block: [{ network: x }]\n')
  expect(await mx.reload()).toContain('is not a network such as')
  expect(await rcpt(BLOCKED)).toMatch(/^550 /)
  mx.route(mail({ block: [{ sender_domain: '.stranger.example' }] }))
  await mx.reload()
  expect(await rcpt(BLOCKED, { from: 'ann@else.example' })).toMatch(/^250 /)
  expect(await rcpt(OTHER)).toBe('550 5.7.1 The sender <ann@stranger.example> is blocked here')
})
