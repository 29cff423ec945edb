// DNS lists at a whole mx node: a listed client is refused at RCPT with sender and recipient in the ledger, an allow list and a dead list
// refuse no client, and the key is in no output.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { testPointsOf } from '../lib/sample-dns-list.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const KEY = 'k3y0fth3n0d3'
const hit = (points: number, meaning: string) => [{ answer: '127.0.0.2', points, meaning }]
/** Loopback addresses of the clients; 127.0.0.1 and 127.0.0.2 are test points. */
const LISTED = '127.7.7.7'
const HALF = '127.7.7.8'
const FRIEND = '127.7.7.9'
const CLEAN = '127.7.7.10'

let world: World
let mx: WholeNode
let page: string

const reversed = (ip: string) => ip.split('.').toReversed().join('.')

beforeAll(async () => {
  world = await startWorld()
  const { zone } = world.dns
  for (const list of [`${KEY}.bl.test`, 'wl.test', 'dbl.test', 'dead.test'])
    for (const [name, entry] of testPointsOf(list)) zone.set(name, entry)
  for (const ip of [LISTED, FRIEND]) zone.set(`${reversed(ip)}.${KEY}.bl.test`, { A: '127.0.0.2' })
  zone.set(`${reversed(FRIEND)}.wl.test`, { A: '127.0.0.2' })
  for (const domain of ['evil.example', 'author.example']) zone.set(`${domain}.dbl.test`, { A: '127.0.0.2' })
  await world.destination('home.example')
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  mx = await world.node({
    role: 'mx',
    start: false,
    mail: {
      domains: ['example.org'],
      aliases: { list: 'kim', postmaster: 'kim' },
      transports: { 'kim@example.org': `smtp:[${String(zone.get('mx.home.example')?.A)}]:${world.mxPort}` },
    },
    yaml: {
      peers: { srs: ['127.0.0.1:2599'] },
      admin: { listen: `127.0.0.1:${admin}` },
      score: { mark: 90, refuse: 'none' },
      dnsbl: {
        own: [
          {
            name: 'ours',
            keyed_zone: '{key}.bl.test',
            kinds: ['ip4'],
            url: 'https://bl.test/{subject}',
            answers: hit(5, 'spam source'),
          },
          { name: 'friends', zone: 'wl.test', kinds: ['ip4'], answers: hit(-3, 'known sender') },
          { name: 'domains', zone: 'dbl.test', kinds: ['domain'], answers: hit(3, 'domain of spam') },
          { name: 'dead', zone: 'dead.test', kinds: ['ip4', 'domain'], answers: hit(9, 'never') },
        ],
        key_file: 'dnsbl.keys',
        timeout: '1s',
      },
    },
  })
  const folder = join(mx.config, '..')
  writeFileSync(join(folder, 'dnsbl.keys'), `ours ${KEY}\n`, { mode: 0o600 })
  zone.set('2.0.0.127.dead.test', { fail: 'SERVFAIL' })
  await mx.start()
  await until(async () => (await metrics()).includes('waypost_dnsbl_available{list="ours",kind="ip4"} 1'), {
    what: 'the first test of the lists',
  })
})
afterAll(() => world.close())

const metrics = async () => (await fetch(`${page}/metrics`)).text()

async function talk(localAddress: string, ...commands: string[]): Promise<string[]> {
  const client = await mx.connect({ localAddress })
  const replies: string[] = [(await client.reply()).lines.join(' ')]
  for (const command of commands) {
    client.send(command)
    replies.push((await client.reply()).lines.join(' '))
  }
  client.end()
  return replies
}

const rcpt = async (
  ip: string,
  { helo = 'mail.stranger.example', from = 'ann@stranger.example', to = 'list@example.org' } = {},
) => (await talk(ip, `EHLO ${helo}`, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`)).at(-1)

describe('a listed client', () => {
  it('is refused at RCPT with list and page; the ledger names sender and recipient', async () => {
    expect(await rcpt(LISTED)).toBe(
      `550 5.7.1 Your address ${LISTED} is listed by ours (spam source), see https://bl.test/${LISTED}`,
    )
    const recorded = () => mx.ledger().find((one) => one.kind === 'rejected' && one.stage === 'rcpt')
    await until(() => recorded() !== undefined, { what: 'the rejection in the ledger' })
    expect(recorded()).toMatchObject({
      sender: 'ann@stranger.example',
      recipient: 'list@example.org',
      remote: expect.stringContaining(LISTED),
      cause: expect.stringMatching(/^dnsbl: 5 points: ours 5 for .*; refused from 5$/),
    })
  })

  it('reaches postmaster', async () => {
    expect(await rcpt(LISTED, { to: 'postmaster@example.org' })).toMatch(/^250 /)
  })

  it('gets in if an allow list vouches for it', async () => {
    expect(await rcpt(FRIEND)).toMatch(/^250 /)
  })

  it('is refused by two lists together', async () => {
    world.dns.zone.set(`${reversed(HALF)}.wl.test`, { A: '127.0.0.99' })
    expect(await rcpt(CLEAN, { from: 'eve@evil.example' })).toMatch(/^250 /)
    expect(await rcpt(HALF, { from: 'eve@evil.example', helo: 'evil.example' })).toMatch(/^250 /)
    world.dns.zone.set('worse.example.dbl.test', { A: '127.0.0.2' })
    expect(await rcpt(LISTED, { from: 'eve@worse.example' })).toMatch(/^550 5\.7\.1 .*ours/)
  })
})

it('mail of a clean client arrives with the result in the ledger, the author included', async () => {
  const message = 'From: Ann <ann@author.example>\r\nMessage-ID: <clean@stranger.example>\r\n\r\nHello.\r\n'
  expect(
    await mx.send({ from: 'ann@stranger.example', to: ['list@example.org'], message, localAddress: CLEAN }),
  ).toMatchObject({
    kind: 'accepted',
  })
  const checked = mx.ledger().find((one) => one.kind === 'checked' && one.check === 'dnsbl')
  expect(checked).toMatchObject({
    result: 'listed',
    detail: expect.stringMatching(/^3 points: domains 3 for author\.example \(domain of spam\); unavailable: dead/),
  })
  const scored = mx.ledger().find((one) => one.kind === 'checked' && one.check === 'spam')
  expect(scored).toMatchObject({ detail: expect.stringContaining('DNSBL_DOMAINS 3 (author.example, domain of spam)') })
})

it('a dead list is in health, metrics and log, refuses no client, and is not asked', async () => {
  const health = await (await fetch(`${page}/healthz`)).text()
  expect(health).toContain('DNS lists are not asked: dead (ip4)')
  expect(await metrics()).toContain('waypost_dnsbl_available{list="dead",kind="ip4"} 0')
  expect(mx.log().filter((line) => line.includes('a DNS list fails its test'))).toHaveLength(1)
  expect(await rcpt('127.7.7.77')).toMatch(/^250 /)
  expect(world.dns.count('77.7.7.127.dead.test', 'A')).toBe(0)
})

it('waypost dnsbl, explain and check say what the lists say', async () => {
  const listed = await runWaypost(['dnsbl', LISTED, '-c', mx.config])
  expect(listed.status).toBe(1)
  expect(listed.stdout).toContain(`ours             listed, 5 points: spam source (https://bl.test/${LISTED})`)
  expect(listed.stdout).toContain('5 points, refused from 5')
  const clean = await runWaypost(['dnsbl', 'stranger.example', '-c', mx.config, '--json'])
  expect(clean.status).toBe(0)
  expect(JSON.parse(clean.stdout)).toMatchObject({ subject: 'stranger.example', points: 0, refused: false })
  const explained = await runWaypost(['explain', 'list@example.org', '--ip', LISTED, '-c', mx.config])
  expect(explained.status).toBe(1)
  expect(explained.stdout).toContain('550 5.7.1 Your address')
  expect((await runWaypost(['dnsbl', 'not a name', '-c', mx.config])).status).toBe(2)
  const checked = await runWaypost(['check', '-c', mx.config])
  expect(checked.stderr).toMatch(/dnsbl: the list dead \(ip4\) would not be asked: .*SERVFAIL.*\(warning\)/)
  expect(checked.stderr).not.toContain('ours')
  for (const { stdout, stderr } of [listed, clean, explained, checked]) expect(stdout + stderr).not.toContain(KEY)
})

it('the key is in no log, ledger, metric, health page or file of the node', async () => {
  const health = await (await fetch(`${page}/healthz`)).text()
  const all = [...mx.log(), JSON.stringify(mx.ledger()), await metrics(), health].join('\n')
  expect(all).not.toContain(KEY)
  for (const entry of readdirSync(mx.data, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name)).includes(KEY)).toBe(false)
})
