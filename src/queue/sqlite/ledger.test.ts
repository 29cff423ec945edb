// The ledger over time: what the purge removes and keeps.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { deferred, delivered, sampleMessage } from '../../../test/lib/queue-samples.ts'
import { type LedgerPlace, openLedgerPlace } from '../../../test/lib/ledger-place.ts'
import { until } from '../../../test/lib/until.ts'
import type { Event } from '../../observe/events.ts'
import type { TraceRange } from '../contract/queue-reader.ts'

let { place, queue, reader, pass } = {} as LedgerPlace
beforeEach(async () => {
  ;({ place, queue, reader, pass } = await openLedgerPlace())
})
afterEach(async () => {
  reader.close()
  await place.remove()
})

const refusal = (at: number): Event => ({
  kind: 'rejected',
  at,
  queueId: null,
  session: 's',
  stage: 'mail',
  sender: `spam${at % 10}@x.example`,
  remote: '192.0.2.9',
  reply: '550 5.7.1 no',
  cause: 'list',
})
const newMessage = () => sampleMessage({ arrivedAt: place.clock.time })

it('purges old messages that left the queue and keeps queued ones', async () => {
  const gone = newMessage()
  const queued = newMessage()
  await pass(gone, delivered())
  await pass(queued, deferred())
  await queue.record([refusal(place.clock.time)])
  place.clock.time += 1_000
  const later = newMessage()
  await pass(later, delivered())
  expect(await queue.purge(place.clock.time)).toBe(3)
  expect(reader.trace(gone.queueId)).toEqual([])
  expect(reader.trace(queued.queueId).map((event) => event.kind)).toEqual(['received', 'resolved', 'deferred'])
  expect(reader.trace(later.queueId).map((event) => event.kind)).toEqual(['received', 'resolved', 'delivered'])
  expect(await queue.purge(place.clock.time)).toBe(0)
})

it('purges many rows in steps, with their index, and continues to index', async () => {
  const { time } = place.clock
  await queue.record(Array.from({ length: 3_000 }, (_, n) => refusal(time + n)))
  await until(() => reader.unindexed < 1_024, { what: 'the index' })
  expect(reader.trace('spam4@x.example', { limit: 1_000 })).toHaveLength(300)
  expect(await queue.purge(time + 2_500)).toBe(2_500)
  expect(reader.trace('spam4@x.example', { limit: 1_000 })).toHaveLength(50)
  await queue.record(Array.from({ length: 2_000 }, (_, n) => refusal(time + 3_000 + n)))
  await until(() => reader.unindexed < 1_024, { what: 'the index' })
  expect(reader.trace('spam4@x.example', { limit: 1_000 })).toHaveLength(250)
})

it('never uses an id twice, even after everything was purged', async () => {
  const message = newMessage()
  await pass(message, delivered())
  await queue.purge(place.clock.time + 1_000_000)
  const next = newMessage()
  await pass(next, delivered())
  expect(reader.trace(next.queueId)).toHaveLength(3)
  expect(reader.trace(message.queueId).length).toBeLessThanOrEqual(1)
})

it('shows only the newest messages of a busy address, each complete', async () => {
  const messages = Array.from({ length: 30 }, newMessage)
  for (const message of messages) await pass(message, delivered())
  const events = reader.trace('alice@example.net', { limit: 5 })
  const ids = new Set(events.map((event) => event.queueId))
  expect([...ids]).toEqual(messages.slice(-5).map((message) => message.queueId))
  expect(events).toHaveLength(15)
})

it('limits a trace to a range of time, in the index and behind it', async () => {
  const { time } = place.clock
  await queue.record(Array.from({ length: 3_000 }, (_, n) => refusal(time + n)))
  await until(() => reader.unindexed < 1_024, { what: 'the index' })
  const times = (range: TraceRange) => reader.trace('spam4@x.example', range).map(({ at }) => at - time)
  expect(times({ since: time + 14, until: time + 44 })).toEqual([14, 24, 34])
  expect(times({ since: time + 2_985 })).toEqual([2_994])
  expect(times({ until: time + 5 })).toEqual([4])
  // The newest of the range, not of the ledger.
  expect(times({ until: time + 100, limit: 2 })).toEqual([84, 94])
  expect(times({ since: time + 3_000 })).toEqual([])
})

it('keeps of a message only the events of the range', async () => {
  const message = newMessage()
  const { time } = place.clock
  const [claim] = await queue.accept(message, { claim: true })
  place.clock.time += 60_000
  const outcomes = claim!.recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() }))
  await queue.settle({ queueId: message.queueId, nextHop: claim!.nextHop, outcomes })
  const kinds = (range: TraceRange) => reader.trace(message.queueId, range).map(({ kind }) => kind)
  expect(kinds({ since: time + 1 })).toEqual(['delivered'])
  expect(kinds({ until: time + 60_000 })).toEqual(['received', 'resolved'])
  // An address finds a message by its acceptance, also if that was earlier.
  expect(reader.trace('alice@example.net', { since: time + 1 }).map(({ kind }) => kind)).toEqual(['delivered'])
})

it('says of a delivery who sent it, its size and how long it took', async () => {
  const message = newMessage()
  const [claim] = await queue.accept(message, { claim: true })
  place.clock.time += 61_500
  const outcomes = claim!.recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() }))
  await queue.settle({ queueId: message.queueId, nextHop: claim!.nextHop, outcomes })
  const size = message.header.length + 'Hello\r\n'.length
  const facts = { kind: 'delivered', sender: 'sender@example.org', delayMs: 61_500, size }
  expect(reader.trace(message.queueId).at(-1)).toMatchObject(facts)
})
