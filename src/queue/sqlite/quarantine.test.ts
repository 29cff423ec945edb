// Mail that is held from its acceptance on: it is never attempted, an operator releases it, and at its end it fails with a notice.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient, type TestQueue, testQueue } from '../../../test/lib/queue-samples.ts'
import type { Event } from '../../observe/events.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { NewMessage } from '../contract/queue.ts'

let place: TestQueue
let queue: OpenQueue

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

const DAY = 86_400_000
const now = () => place.clock.time
const held = (change: Partial<NewMessage> = {}) =>
  sampleMessage({ held: { by: 'node', reason: 'quarantine: score 12 of 15', until: now() + DAY }, ...change })
const accept = (...messages: NewMessage[]) => queue.acceptAll(messages, { claim: true })
const eventsOf = async (queueId: string) => (await queue.reader.trace(queueId)).events
const kinds = async (queueId: string) => (await eventsOf(queueId)).map(({ kind }) => kind)
const due = () => queue.claim({ nextHop: 'mx:example.net', limit: 9, now: now() })

describe('a message in quarantine', () => {
  it('is held with its reason and end, and never claimed', async () => {
    const message = held({ recipients: [sampleRecipient(), sampleRecipient({ address: 'bob@example.net' })] })
    const heard: Event[] = []
    queue.subscribe((events) => heard.push(...events))
    expect(await accept(message)).toEqual([])
    expect(await due()).toEqual([])
    expect(queue.destinations()).toEqual([])
    const [listed] = await Array.fromAsync(queue.reader.list())
    expect(listed?.recipients.map(({ state, hold }) => [state, hold])).toEqual([
      ['held', { at: now(), by: 'node', reason: 'quarantine: score 12 of 15', until: now() + DAY }],
      ['held', { at: now(), by: 'node', reason: 'quarantine: score 12 of 15', until: now() + DAY }],
    ])
    expect(await kinds(message.queueId)).toEqual(['received', 'resolved', 'resolved', 'held', 'held'])
    expect((await eventsOf(message.queueId)).at(-1)).toMatchObject({ by: 'node', until: now() + DAY })
    expect(heard.map(({ kind }) => kind)).toEqual(['received', 'resolved', 'resolved', 'held', 'held'])
  })

  it('is counted until it is released, bounced or removed, also after a restart', async () => {
    const messages = [held(), held(), held({ arrivedAt: now() - 5 })]
    await accept(...messages, sampleMessage())
    const [first, second, third] = messages.map(({ queueId }) => queueId)
    await queue.close()
    queue = await place.open()
    const counted = await queue.reader.quarantined()
    expect(counted).toMatchObject({ messages: 3, oldestArrivedAt: now() - 5 })
    expect(counted.octets).toBe(messages.reduce((sum, one) => sum + one.header.length + 7, 0))
    for (const [action, id] of [
      ['release', first],
      ['bounce', second],
      ['remove', third],
    ] as const)
      await queue.control({ action, filter: { queueIds: [id ?? ''] }, by: 'ann', reason: '' })
    expect(await queue.reader.quarantined()).toEqual({ messages: 0, octets: 0, oldestArrivedAt: null })
    expect((await due()).map(({ message }) => message.queueId)).toContain(first)
  })

  it('fails at its end, with one final event and a notice for the sender', async () => {
    const message = held()
    const other = held({ held: { by: 'node', reason: '', until: now() + 2 * DAY } })
    await accept(message, other)
    await queue.control({ action: 'hold', filter: {}, by: 'ann', reason: '' })
    place.clock.time += DAY - 1
    expect(await queue.expireOverdue()).toBe(0)
    place.clock.time += 1
    expect(await queue.expireOverdue()).toBe(1)
    expect(await kinds(message.queueId)).toEqual(['received', 'resolved', 'held', 'bounced', 'failed'])
    const [task, ...more] = await queue.noticeTasks({ limit: 9, now: now() })
    expect(more).toEqual([])
    expect(task).toMatchObject({
      notice: 'failed',
      recipients: [{ reply: 'the message was held as suspicious, and not released in time' }],
    })
    expect(await queue.reader.quarantined()).toMatchObject({ messages: 1 })
    expect(await queue.expireOverdue()).toBe(0)
  })

  it('ends without a row if the sender wants no notice', async () => {
    const silent = sampleRecipient({ parameters: { notify: ['NEVER'] } as never })
    await accept(held({ recipients: [silent] }))
    place.clock.time += DAY
    expect(await queue.expireOverdue()).toBe(1)
    expect(await Array.fromAsync(queue.reader.list())).toEqual([])
  })

  it('ends in many steps', async () => {
    const recipients = Array.from({ length: 1201 }, (_, i) => sampleRecipient({ address: `r${i}@example.net` }))
    await accept(held({ recipients }))
    place.clock.time += DAY
    expect(await queue.expireOverdue()).toBe(1201)
  })
})

it('a hold by an operator has no end', async () => {
  const message = sampleMessage()
  await queue.accept(message, { claim: false })
  await queue.control({ action: 'hold', filter: {}, by: 'ann', reason: 'wait' })
  place.clock.time += 1000 * DAY
  expect(await queue.expireOverdue()).toBe(0)
  expect(await queue.reader.quarantined()).toMatchObject({ messages: 0 })
})

it('a copy that is refused at its acceptance is returned, not held', async () => {
  const message = held({ returned: { status: '5.7.1', reply: '550 no' } })
  await accept(message)
  expect(await kinds(message.queueId)).toEqual(['received', 'resolved', 'failed'])
})
