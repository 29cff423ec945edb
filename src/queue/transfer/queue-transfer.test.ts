// Messages that move between two queues: what moves, what stays frozen, and that after a crash at any step every message is in exactly one
// of them.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  deferred,
  failed,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import { until } from '../../../test/lib/until.ts'
import { TransferTarget } from './transfer-target.ts'
import { TransferSource } from './transfer-source.ts'
import { DirectStore } from '../sqlite/direct-store.ts'
import type { PendingTransfer, TransferAnswer } from '../contract/queue-transfer.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Claim } from '../contract/queue.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'

let place: TestQueue
let here: OpenQueue
let there: OpenQueue
let departing: TransferSource
const hereDirectory = () => join(place.directory, 'here')
const thereDirectory = () => join(place.directory, 'there')
const ports = { now: () => place.clock.time, random: randomBytes }

beforeEach(async () => {
  place = testQueue()
  here = await place.open({ directory: hereDirectory() })
  there = await place.open({ directory: thereDirectory() })
  departing = new TransferSource(DirectStore.shared(hereDirectory(), 0), ports)
})
afterEach(async () => {
  departing.close()
  await place.remove()
})

const leaveAll = async (count = 100) =>
  departing.beginTransfers({ target: await there.identity(), address: 'there.example:4465', count })
const offer = (one: PendingTransfer) =>
  there.acceptTransfer({ token: one.token, from: 'here.example', message: departing.readMessage(one, 'here.example') })
const to = { name: 'there.example', by: 'ann' }

function read<T>(directory: string, look: (reader: SyncQueueReader) => T): T {
  const reader = new SyncQueueReader(directory)
  try {
    return look(reader)
  } finally {
    reader.close()
  }
}
const listed = (directory: string) =>
  read(directory, (reader) => [...reader.list()].flatMap((one) => one.recipients.map((r) => `${r.address} ${r.state}`)))

async function settleFirst(nextHop: string, outcome: ReturnType<typeof deferred>) {
  const [claim] = (await here.claim({ nextHop, limit: 1, now: place.clock.time })) as [Claim]
  const outcomes = claim.recipients.map(({ recipientId }) => ({ recipientId, outcome }))
  await here.settle({ queueId: claim.message.queueId, nextHop, outcomes })
}

describe('a transferred message', () => {
  it('has everything that the target needs', async () => {
    const recipients = [
      sampleRecipient({
        address: 'tried@a.example',
        nextHop: 'mx:a.example',
        private: true,
        original: 'x@example.org',
      }),
      sampleRecipient({
        address: 'refused@b.example',
        nextHop: 'mx:b.example',
        parameters: { notify: ['FAILURE'], orcpt: 'rfc822;b@example.org' },
      }),
      sampleRecipient({ address: 'held@c.example', nextHop: 'mx:c.example', reversePath: 'SRS0=x@example.org' }),
    ]
    const parameters = { size: 9, body: '8BITMIME', smtputf8: true, requireTls: true, ret: 'FULL', envid: 'e' } as const
    const origin = { kind: 'user', identity: 'joe' } as const
    const message = sampleMessage({ recipients, parameters, origin, senderProven: false })
    await here.accept(message, { claim: false })
    await settleFirst('mx:a.example', deferred())
    await settleFirst('mx:b.example', failed())
    await here.control({ action: 'hold', filter: { recipient: 'held@*' }, by: 'ann', reason: '' })
    const before = read(hereDirectory(), (reader) => reader.show(message.queueId))
    const [one] = (await leaveAll()) as [PendingTransfer]
    expect(await offer(one)).toBe('accepted')
    departing.commitTransfers([one.token], to)
    const after = read(thereDirectory(), (reader) => reader.show(message.queueId))
    expect({ ...after, events: [] }).toEqual({ ...before, events: [] })
    expect(after?.events.map(({ kind, node }) => `${kind} ${node ?? 'there'}`)).toEqual([
      ...['received', 'resolved', 'resolved', 'resolved', 'deferred', 'failed', 'held'].map(
        (kind) => `${kind} here.example`,
      ),
      ...Array.from({ length: 3 }, () => 'transfer-accepted there'),
    ])
    expect(await there.noticeTasks({ limit: 5, now: 0 })).toMatchObject([
      { notice: 'failed', recipients: [{ address: 'refused@b.example', reply: '550 5.1.1 no such user' }] },
    ])
    const gone = read(hereDirectory(), (reader) => reader.trace(message.queueId)).filter(
      ({ kind }) => kind === 'transferred',
    )
    expect(gone).toHaveLength(3)
    expect(gone[0]).toMatchObject({ to: 'there.example', by: 'ann' })
    expect((await here.reader.stats()).messages).toBe(0)
  })

  it('keeps times and attempts', async () => {
    await here.accept(sampleMessage(), { claim: false })
    await settleFirst('mx:example.net', deferred({ retryAt: place.clock.time + 7_000_000 }))
    const [one] = (await leaveAll()) as [PendingTransfer]
    await offer(one)
    const summary = { nextHop: 'mx:example.net', waiting: 1, earliestAttemptAt: place.clock.time + 7_000_000 }
    expect(there.destinations()).toEqual([summary])
    const [claim] = await there.claim({ nextHop: 'mx:example.net', limit: 1, now: summary.earliestAttemptAt })
    expect(claim?.recipients).toMatchObject([{ attempt: 2 }])
  })

  it('is not published again to log and metrics of the target', async () => {
    const heard: string[] = []
    there.subscribe((events) => heard.push(...events.map(({ kind }) => kind)))
    await here.accept(sampleMessage(), { claim: false })
    const [one] = (await leaveAll()) as [PendingTransfer]
    await offer(one)
    expect(heard).toEqual(['transfer-accepted'])
  })

  it('keeps its age and its lifetime', async () => {
    await here.accept(sampleMessage(), { claim: false })
    place.clock.time += 86_400_000 * 5
    await there.accept(sampleMessage({ arrivedAt: place.clock.time }), { claim: false })
    const [one] = (await leaveAll()) as [PendingTransfer]
    await offer(one)
    expect((await there.reader.stats()).oldestArrivedAt).toBe(place.clock.time - 86_400_000 * 5)
    expect((await there.reader.stats()).oldest).toMatchObject({ queued: place.clock.time - 86_400_000 * 5 })
    place.clock.time += 4_000_001
    expect(await there.expireOverdue()).toBe(1)
    expect(await there.expireOverdue()).toBe(0)
    expect((await there.reader.stats()).recipients).toMatchObject({ queued: 1, expired: 1 })
  })
})

describe('a frozen message', () => {
  it('is not open to delivery, control, notices and expiry', async () => {
    await here.accept(sampleMessage(), { claim: false })
    await here.accept(sampleMessage({ recipients: [sampleRecipient({ nextHop: 'mx:b' })] }), { claim: false })
    await settleFirst('mx:b', failed())
    expect(await leaveAll()).toHaveLength(2)
    await until(() => here.destinations().length === 0, { what: 'the node to see it' })
    expect(await here.claim({ nextHop: 'mx:example.net', limit: 9, now: place.clock.time })).toEqual([])
    expect(await here.noticeTasks({ limit: 9, now: 0 })).toEqual([])
    expect(await here.control({ action: 'remove', filter: {}, by: 'x', reason: '' })).toEqual({
      changed: 0,
      afterAttempt: 0,
    })
    place.clock.time += 86_400_000 * 9
    expect(await here.expireOverdue()).toBe(0)
    expect((await here.reader.stats()).recipients).toMatchObject({ transferring: 2, queued: 0, failed: 0 })
  })

  it('is as before after an abort', async () => {
    await here.accept(sampleMessage(), { claim: false })
    await here.accept(sampleMessage({ recipients: [sampleRecipient({ nextHop: 'mx:b' })] }), { claim: false })
    await settleFirst('mx:b', failed())
    const before = listed(hereDirectory())
    const all = await leaveAll()
    departing.abortTransfers(all.map(({ token }) => token))
    expect(listed(hereDirectory())).toEqual(before)
    await until(() => here.destinations().length === 1, { what: 'the node to see it' })
    expect(await here.noticeTasks({ limit: 9, now: 0 })).toHaveLength(1)
    expect(departing.pendingTransfers()).toEqual([])
  })

  it('has no running attempt', async () => {
    await here.accept(sampleMessage(), { claim: true })
    expect(await leaveAll()).toEqual([])
    expect(departing.countMessages()).toEqual({ messages: 1, attempting: 1 })
  })

  it('survives a restart of its node', async () => {
    await here.accept(sampleMessage(), { claim: false })
    await leaveAll()
    await here.close()
    here = await place.open({ directory: hereDirectory() })
    expect(listed(hereDirectory())).toEqual(['alice@example.net transferring'])
  })
})

describe('answers', () => {
  it('are repeated', async () => {
    await here.accept(sampleMessage(), { claim: false })
    const [one] = (await leaveAll()) as [PendingTransfer]
    expect(await offer(one)).toBe('accepted')
    expect(await offer(one)).toBe('repeated')
    expect(await there.refuseTransfer(one.token)).toBe('accepted')
    await there.control({ action: 'remove', filter: {}, by: 'x', reason: '' })
    await there.close()
    there = await place.open({ directory: thereDirectory() })
    expect(await offer(one)).toBe('repeated')
    expect((await there.reader.stats()).messages).toBe(0)
  })

  it('refuse a late offer after a cancellation', async () => {
    await here.accept(sampleMessage(), { claim: false })
    const [one] = (await leaveAll()) as [PendingTransfer]
    expect(await there.refuseTransfer(one.token)).toBe('refused')
    expect(await offer(one)).toBe('refused')
    expect((await there.reader.stats()).messages).toBe(0)
  })

  it('refuse another message with the same queue ID, without a receipt', async () => {
    const message = sampleMessage()
    await here.accept(message, { claim: false })
    await there.accept(message, { claim: false })
    const [one] = (await leaveAll()) as [PendingTransfer]
    expect(await offer(one)).toBe('conflict')
    await there.control({ action: 'remove', filter: {}, by: 'x', reason: '' })
    expect(await offer(one)).toBe('accepted')
  })

  it('accept a message that returns', async () => {
    await here.accept(sampleMessage({ queueId: 'Q' }), { claim: false })
    const [one] = (await leaveAll()) as [PendingTransfer]
    await offer(one)
    departing.commitTransfers([one.token], to)
    const back = new TransferSource(DirectStore.shared(thereDirectory(), 0), ports)
    const [two] = back.beginTransfers({ target: await here.identity(), address: 'here', count: 9 }) as [PendingTransfer]
    expect(
      await here.acceptTransfer({ token: two.token, from: 'there', message: back.readMessage(two, 'there') }),
    ).toBe('accepted')
    back.commitTransfers([two.token], { name: 'here', by: 'ann' })
    back.close()
    expect(listed(hereDirectory())).toEqual(['alice@example.net queued'])
    expect(listed(thereDirectory())).toEqual([])
  })
})

describe('a command beside a running node', () => {
  it('transfers messages with large bodies while the node works', async () => {
    const spooled = await here.createSpoolFile()
    spooled.stream.end('a large body')
    const { size } = await spooled.finish()
    await here.accept(sampleMessage({ queueId: 'L', body: { kind: 'spool', file: spooled.file, size } }), {
      claim: false,
    })
    const arriving = new TransferTarget(DirectStore.shared(thereDirectory(), 0), ports)
    await there.accept(sampleMessage(), { claim: true })
    const [one] = (await leaveAll()) as [PendingTransfer]
    const message = departing.readMessage(one, 'here')
    const copy = await arriving.createSpoolFile()
    await pipeline(departing.openBody(message.body), copy.stream)
    const body = { kind: 'spool', file: copy.file, size: (await copy.finish()).size } as const
    expect(copy.file).toMatch(/^in\//)
    expect(await arriving.acceptTransfer({ token: one.token, from: 'here', message: { ...message, body } })).toBe(
      'accepted',
    )
    for (let n = 0; n < 3; n++) await there.accept(sampleMessage(), { claim: true })
    await until(() => there.destinations().length === 1, { what: 'the node to see what came' })
    const [claim] = (await there.claim({ nextHop: 'mx:example.net', limit: 1, now: place.clock.time })) as [Claim]
    expect(claim.message.queueId).toBe('L')
    expect(String(await buffer(there.openBody(claim.message.body)))).toBe('a large body')
    arriving.close()
  })
})

const crashAfter = fc.constantFrom('leave', 'offer', 'refuse', 'nothing' as const)
const round = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  crash: crashAfter,
  who: fc.constantFrom('giver' as const, 'taker' as const),
  answerLost: fc.boolean(),
  lateOffer: fc.boolean(),
})

/** Two queues without worker threads, for many fast crashes: each step is a commit, so closing them leaves what SIGKILL leaves. */
class Pair {
  readonly #directories: readonly [string, string]
  giver: DirectStore
  taker: DirectStore
  readonly late: (() => void)[] = []

  constructor(directories: readonly [string, string]) {
    this.#directories = directories
    this.giver = DirectStore.owned(directories[0], 0)
    this.taker = DirectStore.owned(directories[1], 0)
  }

  crash(who: 'giver' | 'taker'): void {
    this[who].close()
    this[who] = DirectStore.owned(this.#directories[who === 'giver' ? 0 : 1], 0)
  }

  departing = () => new TransferSource(this.giver, ports)
  arriving = () => new TransferTarget(this.taker, ports)

  /** A run of the command, interrupted at the step of `crash`. */
  async run(one: { count: number; crash: string; who: 'giver' | 'taker'; answerLost: boolean; lateOffer: boolean }) {
    const target = await this.arriving().identity()
    const batch = [
      ...this.departing().pendingTransfers(),
      ...this.departing().beginTransfers({ target, address: 't', count: one.count }),
    ]
    if (one.crash === 'leave') return this.crash(one.who)
    for (const leaving of batch) await this.#transferBatch(leaving, one)
    if (one.crash !== 'nothing') this.crash(one.who)
  }

  async #transferBatch(
    leaving: PendingTransfer,
    one: { crash: string; answerLost: boolean; lateOffer: boolean },
  ): Promise<void> {
    const message = this.departing().readMessage(leaving, 'g')
    const offer = (): Promise<TransferAnswer> =>
      this.arriving().acceptTransfer({ token: leaving.token, from: 'g', message })
    if (one.lateOffer) this.late.push(() => void offer())
    const answer = one.lateOffer ? null : await offer()
    if (one.crash === 'offer') return
    if (answer === 'accepted' || answer === 'repeated') {
      if (!one.answerLost) this.departing().commitTransfers([leaving.token], { name: 't', by: 'x' })
      return
    }
    const end = await this.arriving().refuseTransfer(leaving.token)
    if (one.crash === 'refuse') return
    if (end === 'accepted') this.departing().commitTransfers([leaving.token], { name: 't', by: 'x' })
    else this.departing().abortTransfers([leaving.token])
  }
}

it('is exactly once, wherever it is interrupted', async () => {
  let turn = 0
  const property = fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 12 }), async (rounds) => {
    const folder = join(place.directory, `pair-${turn++}`)
    const pair = new Pair([join(folder, 'g'), join(folder, 't')])
    const mails = 12
    await seed(join(folder, 'g'), pair, mails)
    for (const one of rounds) {
      await pair.run(one)
      for (const offer of pair.late.splice(0)) offer()
    }
    for (let n = 0; n < mails + 2; n++)
      await pair.run({ count: 5, crash: 'nothing', who: 'giver', answerLost: false, lateOffer: false })
    pair.giver.close()
    pair.taker.close()
    expect(listed(join(folder, 'g'))).toEqual([])
    expect(listed(join(folder, 't')).toSorted()).toEqual(
      Array.from({ length: mails }, (_, n) => `m${n}@example.net queued`).toSorted(),
    )
  })
  await fc.assert(property, { numRuns: 40 })
}, 60_000)

async function seed(directory: string, pair: Pair, count: number): Promise<void> {
  pair.giver.close()
  const queue = await place.open({ directory })
  const message = (n: number) =>
    sampleMessage({ queueId: `M${n}`, recipients: [sampleRecipient({ address: `m${n}@example.net` })] })
  await Promise.all(Array.from({ length: count }, (_, n) => queue.accept(message(n), { claim: false })))
  await queue.close()
  pair.giver = DirectStore.owned(directory, 0)
}
