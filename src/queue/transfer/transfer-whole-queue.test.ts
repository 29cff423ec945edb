// A run against receivers that fail: every message is in this queue, in the target, or frozen until the target answers.

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sampleMessage, type TestQueue, testQueue } from '../../../test/lib/queue-samples.ts'
import { TransferSource } from './transfer-source.ts'
import { DirectStore } from '../sqlite/direct-store.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import { transferWholeQueue } from './transfer-whole-queue.ts'
import { createLocalReceiver } from './local-receiver.ts'
import { type Offer, type Receiver, failed } from './receiver.ts'
import { abortPendingTransfers } from './abort-pending-transfers.ts'

let place: TestQueue
let here: OpenQueue
let there: OpenQueue
let from: TransferSource
let plain: Receiver

beforeEach(async () => {
  place = testQueue()
  here = await place.open({ directory: join(place.directory, 'here') })
  there = await place.open({ directory: join(place.directory, 'there') })
  const store = DirectStore.shared(join(place.directory, 'here'), 0)
  from = new TransferSource(store, { now: () => place.clock.time, random: randomBytes })
  plain = createLocalReceiver(there, 'there')
})
afterEach(async () => {
  from.close()
  await place.remove()
})

const fill = (count: number) =>
  Promise.all(Array.from({ length: count }, () => here.accept(sampleMessage(), { claim: false })))
const run = (to: Receiver = plain, patienceMs = 0) =>
  transferWholeQueue({ from, to, clock: place.clock }, { node: 'here', by: 'ann', address: 'there:1', patienceMs })
const broken = failed('connection reset')
const counts = async () => [(await here.reader.stats()).messages, (await there.reader.stats()).messages]

describe('a run', () => {
  it('moves everything', async () => {
    await fill(250)
    expect(await run()).toEqual({ to: 'there', moved: 250, remaining: [], attempting: 0, unanswered: 0, error: null })
    expect(await counts()).toEqual([0, 250])
  })

  it('completes an interrupted run, also if the answer was lost', async () => {
    await fill(12)
    let offers = 0
    const cut: Receiver = {
      ...plain,
      offer: async (offer) => {
        if (++offers > 6) return broken
        await plain.offer(offer)
        return broken
      },
      refuse: async () => broken,
    }
    const first = await run(cut)
    expect(first).toMatchObject({ moved: 0, error: 'connection reset' })
    expect(first.unanswered).toBeGreaterThan(0)
    expect(await run()).toMatchObject({ error: null, unanswered: 0 })
    expect(await counts()).toEqual([0, 12])
  })

  it('waits for a receiver that comes back', async () => {
    await fill(3)
    let down = 5
    const coming: Receiver = { ...plain, offer: async (offer) => (down-- > 0 ? broken : plain.offer(offer)) }
    expect(await run(coming, 60_000)).toMatchObject({ moved: 3, error: null })
  })

  it('leaves everything as before if the receiver refuses permanently', async () => {
    await fill(3)
    const full: Receiver = { ...plain, offer: async () => failed('it answered 507: the queue is full', true) }
    expect(await run(full, 60_000)).toMatchObject({
      moved: 0,
      unanswered: 0,
      error: 'it answered 507: the queue is full',
    })
    expect((await here.reader.stats()).recipients).toMatchObject({ queued: 3, transferring: 0 })
  })

  it('does not start without the identity of the receiver, or with this queue as receiver', async () => {
    await fill(1)
    expect(await run({ ...plain, identify: async () => broken })).toMatchObject({
      to: null,
      error: 'connection reset',
    })
    expect((await run(createLocalReceiver(here, 'here'))).error).toBe('the target is this queue')
  })

  it('keeps a message whose queue ID exists in the target, with the reason', async () => {
    const twice = sampleMessage()
    await fill(2)
    await here.accept(twice, { claim: false })
    await there.accept(twice, { claim: false })
    const report = await run()
    expect(report).toMatchObject({ moved: 2, unanswered: 0 })
    expect(report.remaining).toEqual([
      { queueId: twice.queueId, reason: 'there already has a message with this queue ID' },
    ])
  })

  it('keeps a message whose body is missing, and moves the others', async () => {
    const file = await here.createSpoolFile()
    file.stream.end('x'.repeat(40_000))
    const { size } = await file.finish()
    await here.accept(sampleMessage({ body: { kind: 'spool', file: file.file, size } }), { claim: false })
    await fill(2)
    rmSync(join(place.directory, 'here', 'spool', file.file))
    expect(await run()).toMatchObject({
      moved: 2,
      remaining: [{ reason: expect.stringContaining('missing or damaged') }],
    })
    expect((await here.reader.stats()).recipients).toMatchObject({ queued: 1, transferring: 0 })
  })

  it('waits for running attempts up to its limit', async () => {
    await fill(2)
    const claims = await here.claim({ nextHop: 'mx:example.net', limit: 1, now: place.clock.time })
    expect(await run()).toMatchObject({ moved: 1, attempting: 1, error: null })
    // The attempt ends during the first wait.
    vi.spyOn(place.clock, 'sleep').mockImplementationOnce(() => here.release(claims))
    expect(await run(plain, 60_000)).toMatchObject({ moved: 1, attempting: 0 })
    expect(await counts()).toEqual([0, 2])
  })

  it('does not offer messages that are frozen for another node', async () => {
    await fill(1)
    from.beginTransfers({ target: 'another queue', address: 'other:1', count: 1 })
    expect(await run()).toMatchObject({
      moved: 0,
      unanswered: 1,
      error: expect.stringContaining('frozen for another'),
    })
  })
})

describe('abort', () => {
  const offerAll = async (): Promise<Offer[]> => {
    const target = await there.identity()
    return from.beginTransfers({ target, address: 'there:1', count: 10 }).map((one) => ({
      token: one.token,
      target,
      from: 'here',
      message: from.readMessage(one, 'here'),
      openBody: (body) => from.openBody(body),
    }))
  }

  it('asks the target: accepted messages are deleted, the others return and can never be accepted', async () => {
    await fill(3)
    const [first, second] = (await offerAll()) as [Offer, Offer]
    await plain.offer(first)
    expect(await abortPendingTransfers({ from, receiver: () => plain, by: 'ann' })).toEqual({
      remaining: 2,
      moved: 1,
      unanswered: [],
    })
    expect(await plain.offer(second)).toMatchObject({ value: 'refused' })
    expect(await counts()).toEqual([2, 1])
  })

  it('leaves messages frozen without an answer, unless forced', async () => {
    await fill(2)
    await offerAll()
    const silent: Receiver = { ...plain, refuse: async () => broken }
    expect(await abortPendingTransfers({ from, receiver: () => silent, by: 'ann' })).toEqual({
      remaining: 0,
      moved: 0,
      unanswered: [{ address: 'there:1', cause: 'connection reset', messages: 2 }],
    })
    expect(await abortPendingTransfers({ from, receiver: null, by: 'ann' })).toMatchObject({ remaining: 2 })
    expect((await here.reader.stats()).recipients.queued).toBe(2)
  })
})
