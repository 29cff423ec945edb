// Reading a live queue and a stopped one: list, show, trace (indexed and not), statistics.

import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  deferred,
  delivered,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import { until } from '../../../test/lib/until.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Claim } from '../contract/queue.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'

let place: TestQueue
let queue: OpenQueue
let reader: SyncQueueReader

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
  reader = new SyncQueueReader(place.directory)
})
afterEach(async () => {
  reader.close()
  await place.remove()
})

async function settleAll(claims: readonly Claim[], outcome = delivered()) {
  for (const { message, nextHop, recipients } of claims)
    await queue.settle({
      queueId: message.queueId,
      nextHop,
      outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
    })
}

it('lists with every kind of filter', async () => {
  const anna = sampleMessage({ origin: { kind: 'user', identity: 'anna' }, sender: 'anna@example.org' })
  const bounce = sampleMessage({
    sender: null,
    arrivedAt: place.clock.time - 86_400_000,
    recipients: [
      sampleRecipient({ address: 'Bob@Example.com', original: 'info@example.org', nextHop: 'mx:example.com' }),
    ],
  })
  await queue.accept(anna, { claim: false })
  await settleAll(await queue.accept(bounce, { claim: true }), deferred())
  const ids = (filter: Parameters<SyncQueueReader['list']>[0]) => [...reader.list(filter)].map((one) => one.queueId)
  expect(ids({})).toEqual([anna.queueId, bounce.queueId])
  expect(ids({ queueIds: [bounce.queueId, 'other'] })).toEqual([bounce.queueId])
  expect(ids({ sender: '<>' })).toEqual([bounce.queueId])
  expect(ids({ sender: 'ANNA@*' })).toEqual([anna.queueId])
  expect(ids({ sender: 'ann?@*' })).toEqual([])
  expect(ids({ sender: 'ann[a]@*' })).toEqual([])
  expect(ids({ recipient: '*@example.com' })).toEqual([bounce.queueId])
  expect(ids({ recipient: 'info@example.org' })).toEqual([bounce.queueId])
  expect(ids({ destination: 'mx:*.com' })).toEqual([bounce.queueId])
  expect(ids({ states: ['queued'] })).toEqual([anna.queueId])
  expect(ids({ states: ['deferred', 'held'] })).toEqual([bounce.queueId])
  expect(ids({ arrivedBefore: place.clock.time })).toEqual([bounce.queueId])
  expect(ids({ identity: 'anna' })).toEqual([anna.queueId])
  expect(ids({ reply: 'TRY later' })).toEqual([bounce.queueId])
  expect(ids({ sender: "x' OR 1=1 --" })).toEqual([])
})

it('lists many messages over pages without splitting one', async () => {
  const recipients = Array.from({ length: 7 }, (_, n) => sampleRecipient({ address: `u${n}@example.net` }))
  const messages = Array.from({ length: 400 }, () => sampleMessage({ recipients }))
  await Promise.all(messages.map((message) => queue.accept(message, { claim: false })))
  const seen = [...reader.list()]
  expect(seen.map((one) => one.recipients.length)).toEqual(messages.map(() => 7))
})

it('shows one message whole', async () => {
  const message = sampleMessage({ body: { kind: 'inline', bytes: Buffer.from('Body\r\n') } })
  await settleAll(await queue.accept(message, { claim: true }), deferred({ retryAt: place.clock.time + 1_000 }))
  const shown = reader.show(message.queueId)
  expect(shown).toMatchObject({
    queueId: message.queueId,
    sender: message.sender,
    header: message.header,
    body: message.body,
    recipients: [
      {
        state: 'deferred',
        attempts: 1,
        nextAttemptAt: place.clock.time + 1_000,
        last: { status: '4.2.1', at: place.clock.time },
      },
    ],
  })
  expect(shown?.events.map((event) => event.kind)).toEqual(['received', 'resolved', 'deferred'])
  expect(reader.show('nothing')).toBeNull()
})

it('traces by queue id, address and message-id, before and after the index has it', async () => {
  const message = sampleMessage({
    sender: '"Odd \\"One\\""@example.org',
    recipients: [sampleRecipient({ address: 'jörg@example.net', original: 'Info@Example.org' })],
  })
  await settleAll(await queue.accept(message, { claim: true }))
  await queue.accept(sampleMessage(), { claim: false })
  const refused = { kind: 'rejected', at: 5, queueId: null, session: 's1', recipient: 'none@example.org' } as const
  await queue.record([
    { ...refused, stage: 'rcpt', sender: 'spam@x.example', remote: '192.0.2.9', reply: '550', cause: 'none' },
  ])
  const check = () => {
    const whole = ['received', 'resolved', 'delivered']
    const kinds = (subject: string) => reader.trace(subject).map((event) => event.kind)
    expect(kinds(message.queueId)).toEqual(whole)
    expect(kinds('JÖRG@example.net')).toEqual(whole)
    expect(kinds('<info@example.org>')).toEqual(whole)
    expect(kinds('"odd \\"one\\""@EXAMPLE.org')).toEqual(whole)
    expect(kinds(`<${message.queueId}@example.org>`)).toEqual(whole)
    expect(kinds('spam@x.example')).toEqual(['rejected'])
    expect(kinds('none@example.org')).toEqual(['rejected'])
    expect(kinds('org')).toEqual([])
  }
  check()
  await queue.record(
    Array.from({ length: 2_100 }, (_, n) => ({ ...refused, at: n, recipient: `none${n % 7}@example.com` })).map(
      (one) => ({ ...one, stage: 'rcpt' as const, sender: null, remote: '192.0.2.9', reply: '550', cause: 'none' }),
    ),
  )
  await until(() => reader.unindexed < 1_100, { what: 'the index of the ledger' })
  check()
  expect(reader.trace('none3@example.com')).toHaveLength(300)
})

it('reads a stopped queue and counts', async () => {
  await queue.accept(sampleMessage(), { claim: true })
  await queue.close()
  reader.close()
  reader = new SyncQueueReader(place.directory)
  expect(reader.stats()).toMatchObject({ messages: 1, recipients: { claimed: 1, queued: 0 } })
})

it('counts an empty queue, whose oldest mail is none', () => {
  expect(reader.stats()).toMatchObject({ messages: 0, oldestArrivedAt: null, destinations: [] })
})

it('says of a recipient that a person stopped its destination', async () => {
  await queue.accept(sampleMessage(), { claim: false })
  const nextHop = sampleRecipient().nextHop
  const suspended = () => [...reader.list()].flatMap(({ recipients }) => recipients.map((one) => one.suspended))
  expect(suspended()).toEqual([false])
  await queue.suspend({ nextHop, by: 'ann', reason: '' })
  expect(suspended()).toEqual([true])
})

it('names the directory without a queue', () => {
  expect(() => new SyncQueueReader(`${place.directory}/nowhere`)).toThrow(
    /no queue in .*nowhere: queue\.db does not exist/,
  )
})
