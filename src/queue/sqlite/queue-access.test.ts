// The contract of reading and control, for both accesses to a queue: through the store worker of a node, and from another process.

import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  deferred,
  delivered,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'
import { until } from '../../../test/lib/until.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { QueueControl } from '../contract/queue-control.ts'
import type { QueueReader } from '../contract/queue-reader.ts'
import type { Claim } from '../contract/queue.ts'
import type { QueueFilter } from '../contract/recipient-filter.ts'
import { openQueueControl, openQueueReader } from './direct-access.ts'

interface Access {
  readonly reader: QueueReader
  readonly control: QueueControl
  close(): void
}

/** The accesses that must behave alike; another engine adds its own. */
const accesses: Readonly<Record<string, (place: TestQueue, queue: OpenQueue) => Access>> = {
  node: (_, queue) => ({ reader: queue.reader, control: queue, close: () => undefined }),
  'another process': ({ directory, clock }) => {
    const [reader, control] = [openQueueReader(directory, clock), openQueueControl(directory, clock)]
    return {
      reader,
      control,
      close: () => {
        reader.close()
        control.close()
      },
    }
  },
}

let place: TestQueue
let queue: OpenQueue
let access: Access
let reader: QueueReader

async function openAs(name: string): Promise<void> {
  place = testQueue()
  queue = await place.open()
  access = (accesses[name] as (typeof accesses)[string])(place, queue)
  reader = access.reader
}

async function settleAll(claims: readonly Claim[], outcome = delivered()) {
  for (const { message, nextHop, recipients } of claims)
    await queue.settle({
      queueId: message.queueId,
      nextHop,
      outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
    })
}

afterEach(async () => {
  access.close()
  await place.remove()
})

describe.each(Object.keys(accesses))('access by %s', (name) => {
  beforeEach(() => openAs(name))

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
    const ids = async (filter: QueueFilter) => (await Array.fromAsync(reader.list(filter))).map((one) => one.queueId)
    expect(await ids({})).toEqual([anna.queueId, bounce.queueId])
    expect(await ids({ queueIds: [bounce.queueId, 'other'] })).toEqual([bounce.queueId])
    expect(await ids({ sender: '<>' })).toEqual([bounce.queueId])
    expect(await ids({ sender: 'ANNA@*' })).toEqual([anna.queueId])
    expect(await ids({ sender: 'ann?@*' })).toEqual([])
    expect(await ids({ sender: 'ann[a]@*' })).toEqual([])
    expect(await ids({ recipient: '*@example.com' })).toEqual([bounce.queueId])
    expect(await ids({ recipient: 'info@example.org' })).toEqual([bounce.queueId])
    expect(await ids({ destination: 'mx:*.com' })).toEqual([bounce.queueId])
    expect(await ids({ states: ['queued'] })).toEqual([anna.queueId])
    expect(await ids({ states: ['deferred', 'held'] })).toEqual([bounce.queueId])
    expect(await ids({ arrivedBefore: place.clock.time })).toEqual([bounce.queueId])
    expect(await ids({ identity: 'anna' })).toEqual([anna.queueId])
    expect(await ids({ reply: 'TRY later' })).toEqual([bounce.queueId])
    expect(await ids({ sender: "x' OR 1=1 --" })).toEqual([])
  })

  it('lists many messages over pages without splitting one', async () => {
    const recipients = Array.from({ length: 7 }, (_, n) => sampleRecipient({ address: `u${n}@example.net` }))
    const messages = Array.from({ length: 400 }, () => sampleMessage({ recipients }))
    await Promise.all(messages.map((message) => queue.accept(message, { claim: false })))
    const seen = await Array.fromAsync(reader.list())
    expect(seen.map((one) => one.recipients.length)).toEqual(messages.map(() => 7))
  })

  it('shows one message whole', async () => {
    const message = sampleMessage({ body: { kind: 'inline', bytes: Buffer.from('Body\r\n') } })
    await settleAll(await queue.accept(message, { claim: true }), deferred({ retryAt: place.clock.time + 1_000 }))
    const shown = await reader.show(message.queueId)
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
    expect(await reader.show('nothing')).toBeNull()
    expect(shown && String(await buffer(reader.openBody(shown.body)))).toBe('Body\r\n')
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
    const check = async () => {
      const whole = ['received', 'resolved', 'delivered']
      const kinds = async (subject: string) => (await reader.trace(subject)).events.map((event) => event.kind)
      expect(await kinds(message.queueId)).toEqual(whole)
      expect(await kinds('JÖRG@example.net')).toEqual(whole)
      expect(await kinds('<info@example.org>')).toEqual(whole)
      expect(await kinds('"odd \\"one\\""@EXAMPLE.org')).toEqual(whole)
      expect(await kinds(`<${message.queueId}@example.org>`)).toEqual(whole)
      expect(await kinds('spam@x.example')).toEqual(['rejected'])
      expect(await kinds('none@example.org')).toEqual(['rejected'])
      expect(await kinds('org')).toEqual([])
    }
    await check()
    await queue.record(
      Array.from({ length: 2_100 }, (_, n) => ({ ...refused, at: n, recipient: `none${n % 7}@example.com` })).map(
        (one) => ({ ...one, stage: 'rcpt' as const, sender: null, remote: '192.0.2.9', reply: '550', cause: 'none' }),
      ),
    )
    const sync = new SyncQueueReader(place.directory)
    await until(() => sync.unindexed < 1_100, { what: 'the index of the ledger' })
    sync.close()
    await check()
    const many = await reader.trace('none3@example.com', { limit: 1_000 })
    expect([many.events.length, many.hasOlder]).toEqual([300, false])
    // The default limit holds wherever the index ends.
    const some = await reader.trace('none3@example.com')
    expect([some.events.length, some.hasOlder]).toEqual([200, true])
    expect((await Array.fromAsync(reader.ledger())).flat()).toHaveLength(2_106)
  })

  it('counts an empty queue', async () => {
    expect(await reader.stats()).toMatchObject({ messages: 0, oldestArrivedAt: null, destinations: [] })
  })

  it('marks recipients of a suspended destination, and counts them', async () => {
    await queue.accept(sampleMessage(), { claim: false })
    const nextHop = sampleRecipient().nextHop
    const suspended = async () =>
      (await Array.fromAsync(reader.list())).flatMap(({ recipients }) => recipients.map((one) => one.suspended))
    expect(await suspended()).toEqual([false])
    expect(await access.control.suspend({ nextHop, by: 'ann', reason: '' })).toBe(true)
    expect(await access.control.suspend({ nextHop, by: 'ann', reason: '' })).toBe(false)
    expect(await suspended()).toEqual([true])
    expect(await reader.waitingFor(nextHop)).toBe(1)
    expect(await access.control.resume({ nextHop, by: 'ann', reason: '' })).toBe(true)
    expect(await suspended()).toEqual([false])
  })

  it('controls many recipients and those in a running attempt', async () => {
    const recipients = Array.from({ length: 2_500 }, (_, n) => sampleRecipient({ address: `u${n}@example.net` }))
    await queue.accept(sampleMessage({ recipients }), { claim: false })
    await queue.accept(sampleMessage({ recipients: recipients.slice(0, 3) }), { claim: true })
    const request = { action: 'hold', filter: {}, by: 'ann', reason: 'x' } as const
    expect(await access.control.control(request)).toEqual({ changed: 2_500, afterAttempt: 3 })
    expect((await reader.stats()).recipients).toMatchObject({ held: 2_500, claimed: 3 })
  })

  it('has the arrival of the oldest message in each state', async () => {
    const at = place.clock.time
    const [claim] = await queue.accept(sampleMessage({ arrivedAt: at }), { claim: true })
    await queue.accept(sampleMessage({ arrivedAt: at + 1000 }), { claim: false })
    await queue.accept(sampleMessage({ arrivedAt: at + 2000 }), { claim: false })
    expect((await reader.stats()).oldest).toMatchObject({ claimed: at, queued: at + 1000, held: null, deferred: null })
    await queue.release([claim as Claim])
    expect((await reader.stats()).oldest).toMatchObject({ claimed: null, queued: at })
  })
})

it('reads the queue of a stopped node', async () => {
  await openAs('node')
  await queue.accept(sampleMessage(), { claim: true })
  await queue.close()
  const stoppedReader = openQueueReader(place.directory, place.clock)
  expect(await stoppedReader.stats()).toMatchObject({ messages: 1, recipients: { claimed: 1, queued: 0 } })
  stoppedReader.close()
})

it('names the directory without a queue', async () => {
  await openAs('node')
  expect(() => openQueueReader(`${place.directory}/nowhere`, place.clock)).toThrow(
    /no queue in .*nowhere: queue\.db does not exist/,
  )
})
