// Whole nodes: mx, srs, submission and mta see each other's status, one that is dead shows as such, and a forwarded message is followed from
// the mx to the srs node, to its DSN, and to the bounce that comes back.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FleetTrace } from '../../src/fleet-view/follow-message.ts'
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

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  home = await world.destination('sender.example')
  // A proven sender gets bounces.
  world.dns.zone.set('sender.example', { ...world.dns.zone.get('sender.example'), TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  const mail = { domains: ['example.org'], forwards: { kim: 'kim@far.example', lost: 'permfail-rcpt@far.example' } }
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
      fleet_view: { nodes: known.filter((_, other) => other !== i), peers: asking },
      queue_transfer: { listen: known[i]?.host },
    })
  mx.configure({ peers: { srs: [{ host: `${srs.address}:${srs.port}`, fingerprints: [fingerprintOf(srs)] }] } })
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
