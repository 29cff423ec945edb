// A node is ended in the middle of a stream of mail, again and again. SIGKILL: whatever got a 250 is delivered at least once (RFC 5321 6.1),
// and a crash costs a duplicate at most where an attempt was under way. SIGTERM: nothing is lost and nothing comes twice.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { copiesAt, type MailStream, startMailStream } from '../lib/mail-stream.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const LIVES = 5
/** Mails accepted in each life before it ends. */
const MAILS = 60
/** The node's limit of connections to one destination: what can be under way at a crash. */
const CONCURRENCY = 20
const finals = ['kim@far.example', 'lee@near.example']

let world: World
let node: WholeNode
let hosts: SmtpPeer[]
let stream: MailStream

beforeEach(async () => {
  world = await startWorld()
  hosts = [await world.destination('far.example'), await world.destination('near.example')]
  node = await world.node({
    role: 'srs',
    yaml: {
      delivery: { mx_port: world.mxPort, destination_concurrency: CONCURRENCY },
    },
    mail: { domains: ['example.org'], forwards: { kim: finals[0], lee: finals[1] } },
  })
  stream = startMailStream({
    connections: 8,
    recipients: ['kim@example.org', 'lee@example.org'],
    connect: () => node.connect(),
  })
})

afterEach(() => world.close())

async function endAndRestart(signal: NodeJS.Signals): Promise<void> {
  for (let life = 0; life < LIVES; life++) {
    const wanted = stream.accepted.size + Math.ceil(MAILS * (0.5 + Math.random()))
    await until(() => stream.accepted.size >= wanted, { what: 'mail to be accepted', timeout: 30_000, every: 1 })
    await node.stop(signal)
    await node.start()
  }
  await stream.stop()
  await node.emptied(60_000)
}

/** Promised copies that are not among those that arrived. */
const missing = (copies: ReadonlyMap<string, number>) =>
  [...stream.accepted].flatMap((id) => finals.map((to) => `${id} ${to}`)).filter((key) => !copies.has(key))

it(`${LIVES} kills lose nothing, leave nothing half, and cost few duplicates`, { timeout: 180_000 }, async () => {
  await endAndRestart('SIGKILL')
  const copies = copiesAt(hosts)
  expect(missing(copies)).toEqual([])
  expect([...copies.keys()].filter((key) => !stream.ended.has(key.split(' ')[0] as string))).toEqual([])
  expect(Math.max(...copies.values())).toBeLessThanOrEqual(1 + LIVES)
  const extra = [...copies.values()].reduce((sum, count) => sum + count - 1, 0)
  expect(extra).toBeLessThanOrEqual(LIVES * hosts.length * CONCURRENCY)
  expect(brokenPromises(node.ledger())).toEqual([])
  await node.stop()
  expect([node.queue(), node.spool()]).toEqual([[], []])
})

it(`${LIVES} restarts lose nothing and send nothing twice`, { timeout: 180_000 }, async () => {
  await endAndRestart('SIGTERM')
  const copies = copiesAt(hosts)
  expect(missing(copies)).toEqual([])
  expect([...copies].filter(([, count]) => count > 1)).toEqual([])
  expect([...new Set([...copies.keys()].map((key) => key.split(' ')[0] as string))].toSorted()).toEqual(
    [...stream.accepted].toSorted(),
  )
  expect(brokenPromises(node.ledger())).toEqual([])
  expect(node.log().filter((line) => line.includes('"msg":"stopped"'))).toHaveLength(LIVES)
  await node.stop()
  expect([node.queue(), node.spool()]).toEqual([[], []])
})
