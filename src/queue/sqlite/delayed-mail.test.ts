// The sweep for delayed mail that is not attempted.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  deferred,
  delivered,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { Claim, NoticeTask } from '../contract/queue.ts'
import { defaultRetrySettings } from '../scheduling/retry-schedule.ts'

const HOUR = 3_600_000
const hop = 'mx:example.net'

let place: TestQueue
let queue: OpenQueue

const open = (delayWarningMs: number | null) => place.open({ retry: { ...defaultRetrySettings, delayWarningMs } })

beforeEach(async () => {
  place = testQueue()
  queue = await open(HOUR)
})
afterEach(() => place.remove())

it('a message with a separate lifetime ends with it', async () => {
  const message = sampleMessage({ sender: null, lifetimeMs: HOUR })
  await queue.accept(sampleMessage(), { claim: false })
  await queue.accept(message, { claim: false })
  // The sweep leaves time for an attempt after the end.
  place.clock.time += HOUR + defaultRetrySettings.maximalGapMs
  expect(await queue.expireOverdue()).toBe(0)
  place.clock.time += 1
  expect(await queue.expireOverdue()).toBe(1)
  expect((await queue.reader.trace(message.queueId)).events.at(-1)).toMatchObject({ kind: 'expired' })
})

describe('delayed mail', () => {
  it('is reported once without an attempt, except if held, suspended or excluded by NOTIFY', async () => {
    const late = (change: object) => sampleMessage({ recipients: [sampleRecipient(change)] })
    await queue.accept(late({ nextHop: 'mx:dead.example', address: 'a@dead.example' }), { claim: false })
    await queue.accept(late({ nextHop: 'mx:suspended.example' }), { claim: false })
    await queue.accept(late({ address: 'held@example.net' }), { claim: false })
    const silent = { notify: ['FAILURE' as const], orcpt: null }
    await queue.accept(late({ address: 'silent@example.net', parameters: silent }), { claim: false })
    await queue.suspend({ nextHop: 'mx:suspended.example', by: 'postmaster', reason: 'x' })
    await queue.control({ action: 'hold', filter: { recipient: 'held@*' }, by: 'postmaster', reason: 'x' })
    place.clock.time += HOUR - 1
    await queue.accept(sampleMessage({ arrivedAt: place.clock.time }), { claim: false })
    expect(await queue.findDelayed()).toBe(0)
    place.clock.time += 1
    expect([await queue.findDelayed(), await queue.findDelayed()]).toEqual([1, 0])
    place.clock.time += 300_000
    const [task, ...others] = await queue.noticeTasks({ limit: 5, now: place.clock.time })
    expect(task).toMatchObject({
      notice: 'delayed',
      recipients: [{ address: 'a@dead.example', status: '4.4.1', expired: false }],
    })
    expect(others).toEqual([])
    await queue.notify({ task: task as NoticeTask, dsn: null, events: [] })
    await queue.close()
    queue = await open(HOUR)
    expect(await queue.findDelayed()).toBe(0)
    place.clock.time += HOUR
    expect(await queue.findDelayed()).toBe(1)
    expect((await queue.reader.stats()).recipients).toMatchObject({ queued: 4, held: 1 })
  })

  it('is reported with the last reply, and not after a delivery', async () => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    const { message, recipients } = claim as Claim
    const settled = (outcome: Outcome) =>
      queue.settle({
        queueId: message.queueId,
        nextHop: hop,
        outcomes: [{ recipientId: recipients[0]?.recipientId as number, outcome }],
      })
    await settled(deferred())
    place.clock.time += HOUR
    expect(await queue.findDelayed()).toBe(1)
    const [task] = await queue.noticeTasks({ limit: 5, now: place.clock.time })
    expect(task?.recipients).toMatchObject([{ status: '4.2.1', reply: '450 4.2.1 try later' }])
    await queue.claim({ nextHop: hop, limit: 1, now: place.clock.time })
    await settled(delivered())
    expect(await queue.noticeTasks({ limit: 5, now: place.clock.time })).toEqual([])
    expect((await queue.reader.stats()).messages).toBe(0)
  })

  it('is not reported without queue.delay_warning', async () => {
    await queue.close()
    queue = await open(null)
    await queue.accept(sampleMessage(), { claim: false })
    place.clock.time += 4 * 86_400_000
    expect(await queue.findDelayed()).toBe(0)
  })
})
