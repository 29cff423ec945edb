// Control of the queue of a running node by commands: delivery follows at once, also for destinations that it remembers as unreachable.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let host: SmtpPeer
const HOUR = { minimal_backoff: '1h', maximal_backoff: '1h', min_free: '1M' }

beforeEach(async () => {
  world = await startWorld()
  host = await world.destination('far.example')
  const mail = { domains: ['example.org'], forwards: { kim: 'kim@far.example', lee: 'lee@dead.example' } }
  node = await world.node({ role: 'srs', yaml: { queue: HOUR }, mail })
})
afterEach(() => world.close())

const queue = (...args: string[]) => runWaypost(['queue', ...args, '-c', node.config])
const states = () =>
  node.queue().flatMap(({ recipients }) => recipients.map(({ address, state }) => `${address} ${state}`))
const arrive = (count: number) => until(() => host.messages.length === count, { what: 'the mail to arrive' })
const become = (...expected: string[]) =>
  until(() => states().toSorted().join() === expected.toSorted().join(), { what: expected.join(', ') })

it('retries, holds, releases, suspends and bounces at once', async () => {
  host.change({ moods: { rcpt: 'tempfail' } })
  await node.send({ to: ['kim@example.org'] })
  await become('kim@far.example deferred')
  host.change({})
  expect(await queue('retry', '--recipient', 'kim@*', '--reason', 'they are back')).toMatchObject({ status: 0 })
  await arrive(1)
  await become()

  expect(await queue('suspend', 'far.example')).toMatchObject({ status: 0 })
  await until(() => node.log().some((line) => line.includes('"event":"suspended"')), { what: 'the node to hear of it' })
  await node.send({ to: ['kim@example.org'] })
  await become('kim@far.example queued')
  expect(await queue('hold', '--all')).toMatchObject({ status: 0, stdout: '1 recipient held\n' })
  expect(await queue('resume', 'far.example')).toMatchObject({ status: 0 })
  expect(await queue('release', '--state', 'held')).toMatchObject({ status: 0 })
  await arrive(2)

  host.change({ moods: { rcpt: 'tempfail' } })
  await node.send({ to: ['kim@example.org'] })
  await become('kim@far.example deferred')
  const [waiting] = node.queue()
  expect(await queue('bounce', waiting?.queueId ?? '', '--reason', 'No longer needed')).toMatchObject({ status: 0 })
  await become()
  const kinds = node.ledger().filter(({ queueId }) => queueId === waiting?.queueId)
  expect(kinds.map(({ kind }) => kind).slice(-4)).toEqual(['deferred', 'bounced', 'failed', 'notified'])
})

it('retries a destination that was unreachable', async () => {
  const address = world.newAddress()
  world.dns.zone.set('dead.example', { MX: '10 mx.dead.example' })
  world.dns.zone.set('mx.dead.example', { A: address })
  await node.send({ to: ['lee@example.org'] })
  await become('lee@dead.example deferred')
  const restored = await startSmtpPeer({ host: address, port: world.mxPort })
  expect(await queue('retry', '--destination', '*dead.example')).toMatchObject({ status: 0 })
  await until(() => restored.messages.length === 1, { what: 'the mail to arrive' })
  await restored.close()
})

it('lists why mail waits and until when, and says what a release and a retry leave', async () => {
  const address = world.newAddress()
  world.dns.zone.set('dead.example', { MX: '10 mx.dead.example' })
  world.dns.zone.set('mx.dead.example', { A: address })
  const waits = async () => {
    const { stdout } = await queue('list', '--json')
    const messages = JSON.parse(stdout) as { recipients: { address: string; wait: { reason: string } | null }[] }[]
    return messages
      .flatMap(({ recipients }) => recipients.map((one) => `${one.address} ${one.wait?.reason}`))
      .toSorted()
  }
  await node.send({ to: ['lee@example.org'] })
  await become('lee@dead.example deferred')
  // The second one met an unreachable destination: it was never attempted.
  await node.send({ to: ['lee@example.org'] })
  await become('lee@dead.example deferred', 'lee@dead.example queued')
  // The back-off of the first has jitter: it ends before or after the one of the destination, and the later one is named.
  expect((await waits()).join()).toMatch(/^lee@dead\.example (back-off|unreachable),lee@dead\.example unreachable$/)

  await queue('hold', '--state', 'queued', '--reason', 'a question')
  expect(await queue('retry', '--all')).toMatchObject({
    stdout: expect.stringMatching(
      /^1 recipient due now\n1 recipient still waits: held by \S+ since \S+Z \(\d+s ago\): a question\n$/,
    ),
  })
  await queue('suspend', 'dead.example', '--reason', 'their host moves')
  expect(await queue('release', '--state', 'held')).toMatchObject({
    stdout: expect.stringMatching(
      /^1 recipient released\n1 recipient still waits: the destination is suspended by .*: their host moves\n$/,
    ),
  })
  await until(async () => (await waits()).every((one) => one.endsWith(' suspended')), { what: 'both to be suspended' })
  const { stdout } = await queue('list')
  expect(stdout).toMatch(/\n {6}the destination is suspended by \S+ since \S+Z \(\d+s ago\): their host moves\n/)
})
