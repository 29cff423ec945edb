// A queue is handed over while one side or the other is ended with SIGKILL at random points, again and again, until the command says that
// everything has moved. The destination is suspended at the taker until then, so what arrives twice in the end was handed over twice.

import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { newQueueId } from '../../src/lib/ids.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { endsOver, type TransferPair, transferPair, openNodeQueueOf } from '../lib/transfer-pair.ts'
import { sampleMessage, sampleRecipient } from '../lib/queue-samples.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { testedCommand } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const MAILS = 240
/** Messages that may move between two kills at most. */
const STRIDE = 60
const KILLS = 8
/** Body of every fifth message: large enough for a separate file on both sides. */
const LARGE_LINES = 8000
const hop = 'mx:far.example'
const suspension = { nextHop: hop, by: 'test', reason: 'all at the end' }

let world: World
let pair: TransferPair
let host: SmtpPeer

beforeEach(async () => {
  world = await startWorld()
  host = await world.destination('far.example')
  pair = await transferPair(world)
  await fill(pair.giver)
  const queue = await openNodeQueueOf(pair.taker)
  await queue.suspend(suspension)
  await queue.close()
  await pair.taker.start()
})
afterEach(() => world.close())

async function fill(node: WholeNode): Promise<void> {
  const queue = await openNodeQueueOf(node)
  const add = async (_: unknown, n: number) => {
    const file = n % 5 === 0 ? await queue.createSpoolFile() : null
    file?.stream.end(`This is mail ${n}.\r\n`.repeat(LARGE_LINES))
    const bytes = Buffer.from(`This is mail ${n}.\r\n`)
    const body = file
      ? ({ kind: 'spool', file: file.file, size: (await file.finish()).size } as const)
      : ({ kind: 'inline', bytes } as const)
    const recipients = [0, 1].slice(0, 1 + (n % 2)).map((part) => {
      return sampleRecipient({ address: `m${n}.${part}@far.example`, nextHop: hop })
    })
    const queueId = newQueueId(systemClock, systemRandom)
    await queue.accept(sampleMessage({ queueId, recipients, body, arrivedAt: Date.now() }), { claim: false })
  }
  await Promise.all(Array.from({ length: MAILS }, add))
  await queue.close()
}

const expected = Array.from({ length: MAILS }, (_, n) => (n % 2 === 0 ? [`m${n}.0`] : [`m${n}.0`, `m${n}.1`]))
  .flat()
  .map((name) => `${name}@far.example`)
  .toSorted()

interface Drain {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
}

function drain(): Drain {
  const args = ['queue', 'drain', '-c', pair.giver.config, '--to', pair.to, '--wait', '20s']
  const child = spawn(...testedCommand(args), { stdio: 'ignore' })
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve(code))) }
}

const taken = () => pair.taker.queue().length

/** Runs the command and ends one of the two when some more has moved; its exit code if it ended by itself. */
async function runAndKill(who: 'command' | 'taker'): Promise<number | null> {
  const goal = taken() + Math.ceil(Math.random() * STRIDE)
  const { child, ended } = drain()
  const reached = until(() => taken() >= goal || child.exitCode !== null, {
    what: 'mail to move',
    timeout: 20_000,
    every: 2,
  })
  await reached
  if (child.exitCode !== null) return child.exitCode
  if (who === 'command') child.kill('SIGKILL')
  else {
    await pair.taker.stop('SIGKILL')
    await pair.taker.start()
  }
  return who === 'command' ? (await ended, null) : ended
}

it(`survives ${KILLS} kills of either side: nothing is lost, nothing is doubled`, { timeout: 120_000 }, async () => {
  let code: number | null = null
  for (let kill = 0; kill < KILLS && code !== 0; kill++) code = await runAndKill(kill % 2 === 0 ? 'command' : 'taker')
  if (code !== 0) code = await drain().ended
  expect(code).toBe(0)
  expect(pair.giver.queue()).toEqual([])
  // A command that was killed behind its commit leaves files that no row names: the next open of the queue sweeps them.
  await pair.giver.start()
  await pair.giver.stop()
  expect(pair.giver.spool()).toEqual([])
  const there = pair.taker.queue().flatMap(({ recipients }) => recipients.map(({ address }) => address))
  expect(there.toSorted()).toEqual(expected)

  await pair.taker.stop()
  const queue = await openNodeQueueOf(pair.taker)
  await queue.resume(suspension)
  await queue.close()
  await pair.taker.start()
  await pair.taker.emptied(30_000)
  const copies = host.messages.flatMap(({ rcpts }) => rcpts.map((rcpt) => /<([^>]*)>/.exec(rcpt)?.[1] ?? ''))
  expect(copies.toSorted()).toEqual(expected)
  for (const { data, rcpts } of host.messages) {
    const number = /<m(\d+)\./.exec(rcpts[0] ?? '')?.[1]
    const lines = data.toString().split('\r\n\r\n').at(-1)?.split('\r\n').filter(Boolean) ?? []
    expect(new Set(lines)).toEqual(new Set([`This is mail ${number}.`]))
    expect(lines).toHaveLength(Number(number) % 5 === 0 ? LARGE_LINES : 1)
  }
  const ends = endsOver([pair.giver.ledger(), pair.taker.ledger()])
  expect([...ends.values()].filter((kinds) => kinds.length !== 1)).toEqual([])
  expect(ends.size).toBe(expected.length)
  await pair.taker.stop()
  expect(pair.taker.spool()).toEqual([])
})
