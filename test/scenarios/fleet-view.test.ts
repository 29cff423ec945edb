// Whole nodes: mx, srs, submission and mta see each other's status, one that is dead shows as such, and a forwarded message is followed from
// the mx to the srs node, to its DSN, and to the bounce that comes back: by the commands and at the status page.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FleetTrace } from '../../src/fleet-view/follow-message.ts'
import { isTooWide, launchBrowser, openChecked, PHONE, violations } from '../lib/checked-browser.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { freePort } from '../lib/free-port.ts'
import { fingerprintOf } from '../lib/transfer-pair.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { writeAccounts } from '../lib/accounts.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let far: SmtpPeer
let home: SmtpPeer
let mx: WholeNode
let srs: WholeNode
let submission: WholeNode
let dead: WholeNode
/** The admin listener of the mx. */
let url: string

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  home = await world.destination('sender.example')
  // A proven sender gets bounces.
  world.dns.zone.set('sender.example', { ...world.dns.zone.get('sender.example'), TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  const mail = {
    domains: ['example.org'],
    forwards: { kim: 'kim@far.example', bare: 'bare@far.example', lost: 'permfail-rcpt@far.example' },
  }
  mx = await world.node({ role: 'mx', start: false, mail })
  srs = await world.node({ role: 'srs', start: false, mail })
  const { yaml } = await writeAccounts(world)
  submission = await world.node({ role: 'submission', start: false, listeners: ['submission', 'submissions'], yaml })
  dead = await world.node({ role: 'mta', listeners: ['submission'], start: false })
  const all = [mx, srs, submission, dead]
  const known = await Promise.all(
    all.map(async (node) => ({
      host: `${node.address}:${await freePort(node.address)}`,
      fingerprints: [fingerprintOf(node)],
    })),
  )
  const asking = known.map(({ fingerprints }, i) => ({ name: `node-${i + 1}`, fingerprints }))
  for (const [i, node] of all.entries())
    node.configure({
      // Only the srs node may be searched by the mx.
      fleet_view: {
        nodes: known.filter((_, other) => other !== i),
        peers: asking,
        search: node === srs ? ['node-1'] : [],
      },
      queue_transfer: { listen: known[i]?.host },
    })
  url = `127.0.0.1:${await freePort()}`
  mx.configure({
    admin: { listen: url, login: { local: true } },
    peers: { srs: [{ host: `${srs.address}:${srs.port}`, fingerprints: [fingerprintOf(srs)] }] },
  })
  srs.configure({
    peers: { mx: [{ host: mx.address, addresses: ['127.0.0.1/32'], fingerprints: [fingerprintOf(mx)] }] },
  })
  await Promise.all([mx, srs, submission].map((node) => node.start()))
}, 120_000)
afterAll(() => world.close())

const message = (id: string) =>
  `From: ann@sender.example\r\nMessage-ID: <${id}@sender.example>\r\nSubject: x\r\n\r\nHello.\r\n`
const command = (node: WholeNode, ...args: string[]) => runWaypost([...args, '-c', node.config])

describe('the status of the fleet', () => {
  it('shows every node, and the dead one as such', async () => {
    const { status, stdout, stderr } = await command(mx, 'status', '--fleet')
    expect([status, stderr]).toEqual([1, ''])
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^node +role +state +queue +oldest +health$/)
    expect(lines[1]).toMatch(/^node-1\.example\.org +mx +up \S+ +0/)
    expect(lines[2]).toMatch(/ srs +up /)
    expect(lines[3]).toMatch(/ submission +up /)
    expect(lines[4]).toMatch(/^127\.\S+ +no answer$/)
    expect(stdout).toContain('ECONNREFUSED')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('is the same for programs, from every node', async () => {
    const { stdout } = await command(submission, 'status', '--fleet', '--json')
    const rows = JSON.parse(stdout) as { name: string; status: { role: string } | null; problem: string | null }[]
    expect(rows.map(({ status }) => status?.role ?? null)).toEqual(['submission', 'mx', 'srs', null])
    expect(rows.at(-1)?.problem).toContain('ECONNREFUSED')
  })

  it('is also that of a single node', async () => {
    expect(await command(mx, 'status')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^node-1\.example\.org +mx, /),
    })
    // The address of these tests has no reverse DNS, which is a warning.
    expect(await command(mx, 'status', '--nagios')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^WAYPOST WARNING - node-1\.example\.org \(mx\) addresses: /),
    })
    expect(await command(dead, 'status')).toMatchObject({ status: 1, stdout: expect.stringContaining('not running') })
  })
})

describe('a message', () => {
  const follow = async (node: WholeNode, subject: string) => {
    const { stdout, stderr } = await command(node, 'trace', subject, '--fleet', '--json')
    return { traces: JSON.parse(stdout) as FleetTrace[], stderr }
  }
  const idAt = (node: WholeNode, recipient: string) =>
    node.ledger().find((event) => event.kind === 'resolved' && event.original === recipient)?.queueId ?? ''

  it('is followed from mx to srs, from either end', async () => {
    expect(await mx.send({ from: 'ann@sender.example', to: ['kim@example.org'], message: message('a') })).toMatchObject(
      { kind: 'accepted' },
    )
    await until(() => far.messages.length >= 1, { what: 'the forward' })
    await srs.emptied()
    const atMx = idAt(mx, 'kim@example.org')
    const { traces } = await follow(mx, 'kim@example.org')
    expect(traces).toHaveLength(1)
    const hops = traces[0]?.hops ?? []
    expect(hops.map(({ relation }) => relation)).toEqual(['asked', 'after'])
    expect(hops[0]).toMatchObject({ queueId: atMx })
    expect(hops[1]?.events.at(-1)).toMatchObject({ kind: 'delivered', recipient: 'kim@far.example' })
    expect(traces[0]?.problems).toMatchObject([{ cause: expect.stringContaining('ECONNREFUSED') }])
    const back = await follow(srs, hops[1]?.queueId ?? '')
    expect(back.traces[0]?.hops.map(({ queueId, relation }) => [queueId, relation])).toEqual([
      [atMx, 'before'],
      [hops[1]?.queueId, 'asked'],
    ])
    const third = await command(submission, 'trace', atMx, '--fleet')
    expect(third).toMatchObject({ status: 0, stdout: expect.stringMatching(/delivered to kim@far\.example/) })
    expect(third.stderr).toContain('does not answer, its part is missing')
  })

  it('without a Message-ID is followed back too', async () => {
    const bare = 'From: ann@sender.example\r\nSubject: x\r\n\r\nHello.\r\n'
    await mx.send({ from: 'ann@sender.example', to: ['bare@example.org'], message: bare })
    const idAtSrs = () => srs.ledger().find((event) => event.recipient === 'bare@far.example')?.queueId ?? ''
    await until(() => idAtSrs() !== '', { what: 'the message at the srs node' })
    await srs.emptied()
    const atSrs = idAtSrs()
    const received = srs.ledger().find((event) => event.kind === 'received' && event.queueId === atSrs)
    expect(received).toMatchObject({ messageId: null })
    const { traces } = await follow(srs, atSrs)
    expect(traces[0]?.hops.map(({ queueId, relation }) => [queueId, relation])).toEqual([
      [idAt(mx, 'bare@example.org'), 'before'],
      [atSrs, 'asked'],
    ])
  })

  it('is followed to its DSN', async () => {
    await mx.send({ from: 'ann@sender.example', to: ['lost@example.org'], message: message('b') })
    await until(() => home.messages.length >= 1, { what: 'the DSN' })
    await until(() => srs.queue().length === 0 && mx.queue().length === 0, { what: 'empty queues' })
    const { traces } = await follow(mx, 'lost@example.org')
    const shape = traces[0]?.hops.map(({ relation }) => relation) ?? []
    expect(shape.slice(0, 3)).toEqual(['asked', 'after', 'dsn'])
    const dsn = traces[0]?.hops.find(({ relation }) => relation === 'dsn')
    expect(dsn?.events.some((event) => event.kind === 'delivered' && event.recipient === 'ann@sender.example')).toBe(
      true,
    )
  })

  it('is followed to the bounce that the destination sends back', async () => {
    const sent = srs.ledger().find((event) => event.kind === 'resolved' && event.recipient === 'kim@far.example')
    const reversePath = sent?.kind === 'resolved' ? (sent.reversePath ?? '') : ''
    expect(reversePath).toMatch(/^SRS0=/)
    expect(await mx.send({ from: null, to: [reversePath], message: message('c') })).toMatchObject({ kind: 'accepted' })
    await until(() => home.messages.length >= 2, { what: 'the bounce' })
    await mx.emptied()
    const { traces } = await follow(mx, idAt(mx, 'kim@example.org'))
    const bounce = traces[0]?.hops.find(
      ({ relation, queueId }) => relation === 'returned' && queueId === idAt(mx, reversePath),
    )
    expect(bounce?.events.some((event) => event.kind === 'resolved' && event.recipient === 'ann@sender.example')).toBe(
      true,
    )
  })
})

describe('the status page of the mx', () => {
  const page = async (path: string) => (await fetch(`http://${url}${path}`)).text()
  const idOf = (node: WholeNode, recipient: string) =>
    node.ledger().find((event) => event.kind === 'resolved' && event.original === recipient)?.queueId ?? ''

  it('shows every node, and the dead one as such', async () => {
    const body = await page('/')
    expect(body).toMatch(/<h1>1 of 4 nodes does not work or answer/)
    expect(body).toMatch(/The internet[^]*node-1\.example\.org[^]*this node[^]*Mailboxes elsewhere/)
    expect(body).toMatch(/Mail of people[^]*submission/)
    expect(body).toContain('ECONNREFUSED')
  })

  it('draws a message over the nodes to its destination and back, also for the queue ID of the other node', async () => {
    const forward = await page(`/message?id=${idOf(mx, 'kim@example.org')}`)
    expect(forward).toMatch(/Path over the nodes[^]*sender rewritten to[^]*kim@far\.example[^]*delivered/)
    expect(forward).toMatch(/A bounce to its rewritten sender[^]*ann@sender\.example/)
    const atSrs = srs.ledger().find((event) => event.kind === 'resolved' && event.recipient === 'kim@far.example')
    const fromSrs = await page(`/message?id=${atSrs?.queueId}`)
    expect(fromSrs).toMatch(/not in the queue of this node[^]*Path over the nodes[^]*Every event at every node/)
    expect(await page(`/message?id=${idOf(mx, 'lost@example.org')}`)).toMatch(/A notification about it[^]*Written by/)
  })

  it('searches the nodes that permit it, and names those that do not', async () => {
    const body = await page('/search?q=kim%40far.example')
    expect(body).toMatch(/These nodes are not searched[^]*may not search for addresses here/)
    expect(body).toMatch(/results? at 2 of 4 nodes/)
    const idAtSrs = srs.ledger().find((event) => event.recipient === 'kim@far.example')?.queueId
    expect(body).toContain(`id=${idAtSrs}`)
  })

  it.runIf(ensurePeers(['chromium']))('has no fault in a browser', { timeout: 120_000 }, async () => {
    const browser = await launchBrowser()
    try {
      const origin = `http://${url}`
      const { page: tab, faults } = await openChecked(browser, origin, { viewport: PHONE, colorScheme: 'dark' })
      for (const path of ['/', `/message?id=${idOf(mx, 'kim@example.org')}`]) {
        await tab.goto(`${origin}${path}`)
        expect([path, await violations(tab), await isTooWide(tab)]).toEqual([path, [], false])
      }
      expect(faults).toEqual([])
    } finally {
      await browser.close()
    }
  })
})
