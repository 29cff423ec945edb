// A process that works on a queue at random until it is killed: accepts (small and spooled bodies, one or several recipients), claims,
// delivers, defers, fails, notifies. What was acknowledged it writes to standard output, each line with one write, after the promise
// resolved and never before. With `drain` it brings every mail to its end instead, and exits.

import { createHash, randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/lib/clock.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import type { Outcome } from '../../src/queue/contract/outcome.ts'
import type { Claim, NoticeTask, StoredBody } from '../../src/queue/contract/queue.ts'
import { deferred, delivered, failed, sampleMessage, sampleRecipient } from '../lib/queue-samples.ts'

const [directory = '', mode = '', prefix = ''] = process.argv.slice(2)
const draining = mode === 'drain'
const HOPS = 4
/** Bodies of this size go to spool files here, so that many of them are tried. */
const SPOOLED_OCTETS = 50_000
const retry = {
  minimalGapMs: 20,
  maximalGapMs: 200,
  lifetimeMs: 3_600_000,
  bounceLifetimeMs: 3_600_000,
  delayWarningMs: null,
}

/** Waits for a full pipe, because each line must be written before the next step. */
function say(...words: (string | number)[]): void {
  for (;;) {
    try {
      writeSync(1, `${words.join(' ')}\n`)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
const chance = (part: number) => Math.random() < part
let serial = 0

const queue = await openQueue({ directory, retry, reserveBytes: 0 }, { clock: systemClock, randomBytes })
say('opened', queue.opened.recovered, queue.opened.orphansRemoved, queue.opened.lost.length)
if (draining) await drain(queue)
else await Promise.all(Array.from({ length: 12 }, () => work(queue)))

async function work(open: OpenQueue): Promise<never> {
  for (;;) {
    if (chance(0.5)) await acceptOne(open)
    else await lookAround(open)
  }
}

async function lookAround(open: OpenQueue): Promise<void> {
  const nextHop = `mx:h${Math.floor(Math.random() * HOPS)}.example`
  for (const claim of await open.claim({ nextHop, limit: 3, now: Date.now() })) await attempt(open, claim)
  for (const task of await open.noticeTasks({ limit: 2, now: Date.now() })) await tell(open, task)
}

async function acceptOne(open: OpenQueue): Promise<void> {
  const queueId = `${prefix}-${serial++}`
  const recipients = Array.from({ length: chance(0.7) ? 1 : 3 }, (_, n) =>
    sampleRecipient({
      address: `${queueId}.${n}@example.net`,
      nextHop: `mx:h${Math.floor(Math.random() * HOPS)}.example`,
      parameters: { notify: chance(0.2) ? ['SUCCESS', 'FAILURE'] : [], orcpt: null },
    }),
  )
  const bytes = bodyOf(queueId)
  let body: StoredBody = { kind: 'inline', bytes }
  if (bytes.length > SPOOLED_OCTETS / 2) {
    const spooled = await open.createSpoolFile()
    spooled.stream.end(bytes)
    const { size } = await spooled.finish()
    body = { kind: 'spool', file: spooled.file, size }
  }
  const claims = await open.accept(sampleMessage({ queueId, recipients, body, arrivedAt: Date.now() }), {
    claim: chance(0.7),
  })
  for (const { address } of recipients) say('accepted', address)
  for (const claim of claims) await attempt(open, claim)
}

/** The body that belongs to a queue id, so that any process can check it. */
function bodyOf(queueId: string): Buffer {
  const hash = createHash('sha256').update(queueId).digest()
  const size = (hash[0] as number) < 40 ? SPOOLED_OCTETS : 200
  return Buffer.alloc(size, hash)
}

async function attempt(open: OpenQueue, claim: Claim): Promise<void> {
  for (const { address, attempt: number } of claim.recipients) say('attempt', address, number)
  const isDsn = claim.message.sender === null
  if (!isDsn) {
    const bytes = await buffer(open.openBody(claim.message.body))
    if (!bytes.equals(bodyOf(claim.message.queueId))) say('mutilated', claim.message.queueId)
  }
  if (!draining && chance(0.05)) {
    await open.release([claim])
    return
  }
  const outcomes = claim.recipients.map(({ recipientId }) => ({ recipientId, outcome: outcome() }))
  for (const [n, { address }] of claim.recipients.entries())
    if (outcomes[n]?.outcome.kind === 'delivered') say('sent', address)
  await open.settle({ queueId: claim.message.queueId, nextHop: claim.nextHop, outcomes })
  for (const [n, { address }] of claim.recipients.entries()) say('settled', address, outcomes[n]?.outcome.kind ?? '')
}

function outcome(): Outcome {
  if (draining || chance(0.6)) return delivered()
  return chance(0.5) ? deferred() : failed()
}

async function tell(open: OpenQueue, task: NoticeTask): Promise<void> {
  const about = task.recipients.map(({ address }) => address)
  const queueId = `${prefix}-dsn-${serial++}`
  const recipients = [
    sampleRecipient({ address: `${queueId}@example.org`, reversePath: null, nextHop: 'mx:h0.example' }),
  ]
  const header = Buffer.from(`Subject: ${about.join(',')}\r\n\r\n`)
  const dsn = sampleMessage({ queueId, sender: null, recipients, header, arrivedAt: Date.now() })
  const events = about.map((recipient) => ({
    kind: 'notified' as const,
    at: Date.now(),
    queueId: task.message.queueId,
    recipient,
    notice: task.notice,
    to: task.message.sender,
    dsn: queueId,
  }))
  await open.notify({ task, dsn, events })
}

async function drain(open: OpenQueue): Promise<void> {
  for (;;) {
    await lookAround(open)
    for (let n = 0; n < HOPS; n++)
      for (const claim of await open.claim({ nextHop: `mx:h${n}.example`, limit: 50, now: Date.now() }))
        await attempt(open, claim)
    const { messages } = await open.reader.stats()
    if (messages === 0) break
    await sleep(5)
  }
  await open.close()
  say('drained')
}
