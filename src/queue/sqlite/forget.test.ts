// What the queue forgets in time is in no octet of its files: neither in rows, in the index, in unused pages nor in the write-ahead log.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { deferred, delivered, sampleMessage, sampleRecipient } from '../../../test/lib/queue-samples.ts'
import { type LedgerPlace, openLedgerPlace } from '../../../test/lib/ledger-place.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'
import { until } from '../../../test/lib/until.ts'
import type { Event } from '../../observe/events.ts'
import type { NewMessage } from '../contract/queue.ts'
import { openReadOnly } from './database/database.ts'
import { DirectStore } from './direct-store.ts'
import { hashTerm } from './store/ledger-terms.ts'

let { place, queue, reader, pass } = {} as LedgerPlace
beforeEach(async () => {
  ;({ place, queue, reader, pass } = await openLedgerPlace())
})
afterEach(async () => {
  reader.close()
  await place.remove()
})

const ADDRESS = 'kim.uncommon@far.example'
const CLIENT = '203.0.113.77'

function mailOfKim(change: Partial<NewMessage> = {}): NewMessage {
  const plain = sampleMessage({
    arrivedAt: place.clock.time,
    sender: ADDRESS,
    recipients: [sampleRecipient({ address: ADDRESS })],
    ...change,
  })
  const [received, ...others] = plain.events
  return {
    ...plain,
    header: Buffer.from(`From: <${ADDRESS}>\r\nTo: <${ADDRESS}>\r\n\r\n`),
    body: { kind: 'inline', bytes: Buffer.from(`${`Dear ${ADDRESS}, `.repeat(1000)}\r\n`) },
    events: [{ ...received, remote: `host[${CLIENT}]` } as Event, ...others],
  }
}

const refusal = (at: number, sender: string): Event => ({
  kind: 'rejected',
  at,
  queueId: null,
  session: 's',
  stage: 'mail',
  sender,
  remote: CLIENT,
  reply: `550 5.7.1 <${sender}>: no`,
  cause: 'list',
})

/** The files of the queue that have the text in any octet. */
const filesWith = (text: string) =>
  readdirSync(place.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map(({ name }) => name)
const gone = (text: string) => until(() => filesWith(text).length === 0, { what: `the files without ${text}` })

/** The 32 bits that the index has of a term. */
function isIndexed(term: string): boolean {
  const { hash, bucket } = hashTerm(term)
  const db = openReadOnly(place.directory)
  const rows = db.prepare<[number], Buffer>('SELECT entries FROM ledger_index WHERE bucket = ?').pluck().all(bucket)
  db.close()
  return rows.some((entries) =>
    Array.from({ length: entries.length / 8 }, (_, n) => entries.readUInt32LE(8 * n)).includes(hash),
  )
}

it('addresses and clients are gone from every octet after their time, and the counts stay', async () => {
  await pass(mailOfKim(), delivered())
  await queue.record(
    Array.from({ length: 2_100 }, (_, n) =>
      refusal(place.clock.time + (n % 7), n % 3 === 0 ? ADDRESS : `a${n}@b.example`),
    ),
  )
  await until(() => reader.unindexed < 1_024, { what: 'the index' })
  expect(isIndexed(ADDRESS)).toBe(true)
  expect(filesWith(ADDRESS)).not.toEqual([])
  place.clock.time += 1_000_000
  reader.close()
  expect(await queue.forget('addresses', place.clock.time)).toBeGreaterThan(2_000)
  expect(await queue.forget('ips', place.clock.time)).toBeGreaterThan(2_000)
  await queue.overwriteUnused()
  await gone(ADDRESS)
  await gone(CLIENT)
  reader = new SyncQueueReader(place.directory)
  expect(isIndexed(ADDRESS)).toBe(false)
  const kinds = Object.groupBy([...reader.ledger()], ({ kind }) => kind)
  expect(kinds.rejected).toHaveLength(2_100)
  expect(kinds.delivered).toMatchObject([{ recipient: '(dropped)', sender: '(dropped)', attempt: 1 }])
  expect(kinds.rejected?.[0]).toMatchObject({ reply: '550 5.7.1 <<address>>: no', remote: '(dropped)' })
  // Nothing is left to do.
  expect(await queue.forget('addresses', place.clock.time)).toBe(0)
})

it('younger entries, and those behind an entry of a wrong clock, are treated by their own time', async () => {
  const { time } = place.clock
  await queue.record([refusal(time + 900 * 86_400_000, 'future@b.example')])
  await queue.record([refusal(time, 'old@b.example')])
  await queue.record([refusal(time + 5_000, 'new@b.example')])
  expect(await queue.forget('addresses', time + 1_000)).toBe(2)
  expect([...reader.ledger()].map((event) => 'sender' in event && event.sender)).toEqual([
    '(dropped)',
    '(dropped)',
    'new@b.example',
  ])
})

it('mail that waits is delivered to its address after its events have forgotten it', async () => {
  await pass(mailOfKim(), deferred())
  await queue.forget('addresses', place.clock.time + 1_000)
  const [queued] = [...reader.list()]
  expect(queued?.recipients[0]?.address).toBe(ADDRESS)
})

it('one person is erased from the entries of mail that has left, beside a running node', async () => {
  await pass(mailOfKim(), delivered())
  const waiting = mailOfKim({ recipients: [sampleRecipient({ address: 'joe@b.example' })] })
  await pass(waiting, deferred())
  await queue.record(
    Array.from({ length: 1_500 }, (_, n) => refusal(place.clock.time, n % 5 === 0 ? ADDRESS : `a${n}@b.example`)),
  )
  await until(() => reader.unindexed < 1_024, { what: 'the index' })
  const store = DirectStore.shared(place.directory, place.clock.time)
  let changed = 0
  for (let after: number | null = 0; after !== null; ) {
    const step: { changed: number; next: number | null } = store.run({
      kind: 'erase',
      person: { name: ADDRESS, domain: null },
      after,
    })
    changed += step.changed
    after = step.next
  }
  store.close()
  expect(changed).toBe(302)
  expect(reader.trace(waiting.queueId)[0]).toMatchObject({ sender: ADDRESS })
  expect(reader.trace('a4@b.example')).toHaveLength(1)
  const rows = [...reader.ledger()].filter((event) => JSON.stringify(event).includes(ADDRESS))
  expect(new Set(rows.map(({ queueId }) => queueId))).toEqual(new Set([waiting.queueId]))
})

it('unused pages are overwritten also after a pass that was interrupted', async () => {
  await pass(mailOfKim(), delivered())
  const store = DirectStore.shared(place.directory, place.clock.time)
  store.run({ kind: 'overwrite', stage: 'begin' })
  store.run({ kind: 'overwrite', stage: 'fill' })
  store.close()
  await queue.forget('addresses', place.clock.time + 1_000)
  await queue.overwriteUnused()
  reader.close()
  await gone(`Dear ${ADDRESS}`)
  reader = new SyncQueueReader(place.directory)
  const db = openReadOnly(place.directory)
  expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'unused'").pluck().get()).toBe(0)
  db.close()
})
