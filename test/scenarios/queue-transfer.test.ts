// Whole nodes: a queue is drained to another node, and the directory of a dead node is adopted, with running nodes and without. An unknown
// node is refused. Each message arrives once, with its history.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TransferPair, fingerprintOf, transferPair, openNodeQueueOf } from '../lib/transfer-pair.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { sampleMessage, sampleRecipient } from '../lib/queue-samples.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { newQueueId } from '../../src/lib/ids.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'

let world: World
let pair: TransferPair
let host: SmtpPeer

beforeEach(async () => {
  world = await startWorld()
  host = await world.destination('far.example')
  pair = await transferPair(world)
})
afterEach(() => world.close())

/** Queues mail in a stopped node: some bodies in the database, some in files; due in an hour, so that no attempt is made. */
async function fill(node: WholeNode, count: number): Promise<string[]> {
  const queue = await openNodeQueueOf(node)
  const ids = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const queueId = newQueueId(systemClock, systemRandom)
      const file = n % 4 === 0 ? await queue.createSpoolFile() : null
      file?.stream.end('A line of a large body.\r\n'.repeat(6_000))
      const body = file
        ? ({ kind: 'spool', file: file.file, size: (await file.finish()).size } as const)
        : ({ kind: 'inline', bytes: Buffer.from('A small body.\r\n') } as const)
      const recipients = [sampleRecipient({ address: `r${n}@far.example`, nextHop: 'mx:far.example' })]
      await queue.accept(sampleMessage({ queueId, recipients, body, arrivedAt: Date.now() }), { claim: false })
      return queueId
    }),
  )
  await queue.suspend({ nextHop: 'mx:far.example', by: 'test', reason: 'not here' })
  await queue.close()
  return ids
}

const queueCommand = (node: WholeNode, ...args: string[]) =>
  runWaypost(['queue', ...args.slice(0, 1), '-c', node.config, ...args.slice(1)])
const drain = (...more: string[]) => queueCommand(pair.giver, 'drain', '--to', pair.to, ...more)
const copies = () => host.messages.flatMap(({ rcpts }) => rcpts).toSorted()
const expected = (count: number) => Array.from({ length: count }, (_, n) => `RCPT TO:<r${n}@far.example>`).toSorted()
const received = (count: number) => until(() => host.messages.length >= count, { what: 'the mail', timeout: 20_000 })

describe('drain', () => {
  it('moves the queue of a stopped node, and the other one delivers it once', async () => {
    const ids = await fill(pair.giver, 30)
    await pair.taker.start()
    expect(await drain()).toEqual({
      status: 0,
      stderr: '',
      stdout: '30 messages moved to node-2.example.org, 0 remain here\n',
    })
    expect(pair.giver.queue()).toEqual([])
    expect(pair.giver.spool()).toEqual([])
    await received(30)
    await pair.taker.emptied()
    expect(copies().map((one) => one.split(' ').slice(0, 2).join(' '))).toEqual(expected(30))
    const events = pair.taker.ledger().filter(({ queueId }) => queueId === ids[0])
    expect(events.map(({ kind, node }) => `${kind} ${node ?? ''}`.trim())).toEqual([
      'received node-1.example.org',
      'resolved node-1.example.org',
      'transfer-accepted',
      'delivered',
    ])
    expect(pair.giver.ledger().filter(({ kind }) => kind === 'transferred')).toHaveLength(30)
    expect(pair.taker.spool()).toEqual([])
  })

  it('moves the queue of a running node beside it', async () => {
    await fill(pair.giver, 12)
    await Promise.all([pair.giver.start(), pair.taker.start()])
    expect((await drain('--json')).status).toBe(0)
    await received(12)
    expect(copies()).toHaveLength(12)
    await pair.giver.stop()
    expect(pair.giver.queue()).toEqual([])
  })

  it('waits for attempts under way, and says so when they do not end', async () => {
    await pair.taker.start()
    const queue = await openNodeQueueOf(pair.giver)
    const queueId = newQueueId(systemClock, systemRandom)
    const claims = await queue.accept(sampleMessage({ queueId, arrivedAt: Date.now() }), { claim: true })
    expect(await drain('--wait', '1s')).toEqual({
      status: 1,
      stdout: '0 messages moved to node-2.example.org, 1 remain here\n',
      stderr: '1 messages remain: an attempt is running\n',
    })
    const waiting = drain()
    await queue.release(claims)
    expect(await waiting).toMatchObject({ status: 0, stderr: '' })
    await queue.close()
  })

  it('is refused by a node that does not know this one, and changes nothing', async () => {
    await fill(pair.giver, 3)
    pair.taker.configure({ peers: { mx: [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }], srs: [stranger()] } })
    await pair.taker.start()
    const { status, stderr } = await drain('--wait', '0')
    expect([status, stderr]).toEqual([1, 'the transfer ended early: it replied 403: unknown certificate\n'])
    expect(pair.giver.queue().flatMap(({ recipients }) => recipients.map(({ state }) => state))).toEqual(
      Array(3).fill('queued'),
    )
    expect(pair.taker.log().some((line) => line.includes('queue transfer refused'))).toBe(true)
  })

  it('sends nothing to who is not known here', async () => {
    await fill(pair.giver, 3)
    await pair.taker.start()
    const { status, stderr } = await drain('--fingerprint', '0'.repeat(64), '--wait', '0')
    expect([status, stderr]).toEqual([
      1,
      'the transfer ended early: its certificate is not known; check the fingerprints\n',
    ])
    expect((await drain('--fingerprint', `sha256:${fingerprintOf(pair.taker)}`)).status).toBe(0)
  })

  it('says what is wrong with the command line', async () => {
    await fill(pair.giver, 1)
    expect(await queueCommand(pair.giver, 'drain')).toMatchObject({ status: 2 })
    for (const to of ['nowhere', 'srs-02.example.org:99999'])
      expect(await queueCommand(pair.giver, 'drain', '--to', to)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('expected a host and port'),
      })
    expect(await drain('--force')).toMatchObject({ status: 2, stderr: expect.stringContaining('--force') })
    expect(await drain('--wait', '0')).toMatchObject({ status: 1, stderr: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('adopt', () => {
  it('takes the directory of a dead node beside the running one, and is refused while the other runs', async () => {
    await fill(pair.giver, 20)
    await Promise.all([pair.giver.start(), pair.taker.start()])
    const adopt = () => queueCommand(pair.taker, 'adopt', pair.giver.data, '--name', 'node-1')
    expect(await adopt()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('in use by a running node'),
    })
    await pair.giver.stop('SIGKILL')
    expect(await adopt()).toMatchObject({ status: 0, stderr: '' })
    await received(20)
    await pair.taker.emptied()
    expect(copies()).toHaveLength(20)
    expect(await adopt()).toMatchObject({ status: 0, stdout: expect.stringContaining('0 messages moved') })
    expect(pair.taker.spool()).toEqual([])
    const [first] = pair.taker.ledger()
    expect(first).toMatchObject({ node: 'node-1', kind: 'received' })
  })

  it('works for a node that was never started, too', async () => {
    await fill(pair.giver, 5)
    expect((await queueCommand(pair.taker, 'adopt', join(pair.giver.data, 'queue'))).status).toBe(0)
    await pair.taker.start()
    await received(5)
  })

  it('says that there is no queue', async () => {
    writeFileSync(join(world.folder, 'empty'), '')
    expect(await queueCommand(pair.taker, 'adopt', world.folder)).toMatchObject({ status: 1 })
  })
})

function stranger() {
  return { host: '192.0.2.1', fingerprints: ['0'.repeat(64)] }
}
