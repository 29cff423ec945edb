// An operator's actions on queued mail, through the node and from a second process.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  deferred,
  delivered,
  failed,
  sampleMessage,
  sampleRecipient,
  TestClock,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import { until } from '../../../test/lib/until.ts'
import type { ControlAction } from '../contract/queue-control.ts'
import { DATABASE_FILE } from './database/database.ts'
import { openQueueControl } from './direct-access.ts'
import type { QueueFilter } from '../contract/recipient-filter.ts'
import type { Event } from '../../observe/events.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { Hold } from '../contract/queue-reader.ts'
import type { Claim, DestinationSummary } from '../contract/queue.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'

let place: TestQueue
let queue: OpenQueue

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

const hop = 'mx:example.net'
const by = 'postmaster'
const order = (action: ControlAction, filter: QueueFilter = {}) => ({ action, filter, by, reason: 'because' })
const act = (action: ControlAction, filter: QueueFilter = {}) => queue.control(order(action, filter))
const claimAll = () => queue.claim({ nextHop: hop, limit: 100, now: place.clock.time })
const settle = (claim: Claim, outcome: Outcome) =>
  queue.settle({
    queueId: claim.message.queueId,
    nextHop: claim.nextHop,
    outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome })),
  })
function states(): Record<string, number> {
  const reader = new SyncQueueReader(place.directory)
  const { recipients } = reader.stats()
  reader.close()
  return Object.fromEntries(Object.entries(recipients).filter(([, count]) => count > 0))
}
function holds(): (Hold | null)[] {
  const reader = new SyncQueueReader(place.directory)
  const listed = reader.list()
  reader.close()
  return listed.flatMap(({ recipients }) => recipients.map(({ hold }) => hold))
}
function kinds(queueId: string): string[] {
  const reader = new SyncQueueReader(place.directory)
  const events = reader.trace(queueId)
  reader.close()
  return events.map((event) => event.kind)
}

describe('each action', () => {
  it('holds and releases', async () => {
    const message = sampleMessage()
    await queue.accept(message, { claim: false })
    expect(await act('hold')).toEqual({ changed: 1, afterAttempt: 0 })
    expect(await act('hold')).toEqual({ changed: 0, afterAttempt: 0 })
    expect(holds()).toEqual([{ at: place.clock.time, by, reason: 'because' }])
    expect(queue.destinations()).toEqual([])
    expect(await claimAll()).toEqual([])
    place.clock.time += 10
    expect(await act('release')).toEqual({ changed: 1, afterAttempt: 0 })
    expect(holds()).toEqual([null])
    expect(queue.destinations()).toEqual([{ nextHop: hop, waiting: 1, earliestAttemptAt: place.clock.time }])
    expect(await claimAll()).toHaveLength(1)
    expect(kinds(message.queueId)).toEqual(['received', 'resolved', 'held', 'released'])
  })

  it('retries at once', async () => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    await settle(claim as Claim, deferred())
    expect(await claimAll()).toEqual([])
    expect(await act('retry')).toEqual({ changed: 1, afterAttempt: 0 })
    expect((await claimAll())[0]?.recipients[0]?.attempt).toBe(2)
  })

  it('removes the recipient and the spool file without a DSN', async () => {
    const file = await queue.createSpoolFile()
    file.stream.end('large body')
    const { size } = await file.finish()
    const message = sampleMessage({ body: { kind: 'spool', file: file.file, size } })
    await queue.accept(message, { claim: false })
    const path = join(place.directory, 'spool', file.file)
    expect(existsSync(path)).toBe(true)
    expect(await act('remove')).toEqual({ changed: 1, afterAttempt: 0 })
    await until(() => !existsSync(path), { what: 'the spool file to go' })
    expect(states()).toEqual({})
    expect(await queue.noticeTasks({ limit: 1, now: 0 })).toEqual([])
    expect(kinds(message.queueId)).toEqual(['received', 'resolved', 'removed'])
  })

  it('bounces with the reason, as the final event', async () => {
    const message = sampleMessage()
    await queue.accept(message, { claim: false })
    expect(await act('bounce')).toEqual({ changed: 1, afterAttempt: 0 })
    const [task] = await queue.noticeTasks({ limit: 1, now: 0 })
    expect(task).toMatchObject({ notice: 'failed', recipients: [{ status: '5.0.0', reply: 'because', host: null }] })
    expect(queue.destinations()).toEqual([])
    expect(kinds(message.queueId)).toEqual(['received', 'resolved', 'bounced', 'failed'])
  })

  it('changes only what matches, over many steps', async () => {
    const recipients = Array.from({ length: 5_000 }, (_, n) => sampleRecipient({ address: `u${n % 100}@example.net` }))
    await queue.accept(sampleMessage({ recipients }), { claim: false })
    expect(await act('hold', { recipient: 'u7@*' })).toEqual({ changed: 50, afterAttempt: 0 })
    expect(states()).toEqual({ queued: 4_950, held: 50 })
  })
})

describe('recipients in a running attempt', () => {
  const pendingAfter = async (action: ControlAction, outcome: Outcome) => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    expect(await act(action)).toEqual({ changed: 0, afterAttempt: 1 })
    await settle(claim as Claim, outcome)
    return kinds(claim?.message.queueId ?? '').slice(2)
  }

  it('are held, removed or bounced after a deferred attempt', async () => {
    expect(await pendingAfter('hold', deferred())).toEqual(['action-pending', 'deferred', 'held'])
    expect(states()).toEqual({ held: 1 })
    await act('remove')
    expect(await pendingAfter('remove', deferred())).toEqual(['action-pending', 'deferred', 'removed'])
    expect(states()).toEqual({})
    expect(await pendingAfter('bounce', deferred())).toEqual(['action-pending', 'deferred', 'bounced', 'failed'])
    expect(states()).toEqual({ failed: 1 })
  })

  it('end with the reply of the peer if it is final', async () => {
    expect(await pendingAfter('remove', delivered())).toEqual(['action-pending', 'delivered'])
    expect(await pendingAfter('hold', failed())).toEqual(['action-pending', 'failed'])
  })

  it('get the pending action when the claim is released', async () => {
    const claims = await queue.accept(sampleMessage(), { claim: true })
    await act('hold')
    await queue.release(claims)
    expect(states()).toEqual({ held: 1 })
    expect(queue.destinations()).toEqual([])
  })

  it('get the pending action once: released recipients are attempted again', async () => {
    const claims = await queue.accept(sampleMessage(), { claim: true })
    await act('hold')
    await queue.release(claims)
    await act('release')
    const [claim] = await claimAll()
    await settle(claim as Claim, deferred())
    expect(states()).toEqual({ deferred: 1 })
  })

  it.each([
    ['hold', ['action-pending', 'recovered', 'held'], { held: 1 }],
    ['remove', ['action-pending', 'recovered', 'removed'], {}],
    ['bounce', ['action-pending', 'recovered', 'bounced', 'failed'], { failed: 1 }],
  ] as const)('get the pending %s after a crash, before anything is sent', async (action, events, left) => {
    const message = sampleMessage()
    await queue.accept(message, { claim: true })
    await act(action)
    await queue.close()
    queue = await place.open()
    expect(kinds(message.queueId).slice(2)).toEqual(events)
    expect(states()).toEqual(left)
    expect(queue.destinations()).toEqual([])
  })

  it('have every pending action in the ledger, with operator and reason', async () => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    const heard: Event[] = []
    queue.subscribe((events) => heard.push(...events))
    await act('hold')
    await act('release')
    await settle(claim as Claim, delivered())
    expect(heard).toMatchObject([
      { kind: 'action-pending', action: 'hold', recipient: 'alice@example.net', by, reason: 'because' },
      { kind: 'action-pending', action: 'release', by, reason: 'because' },
      { kind: 'delivered' },
    ])
  })

  it('lose a pending action that is cancelled', async () => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    await act('hold')
    await act('release')
    await settle(claim as Claim, deferred())
    expect(states()).toEqual({ deferred: 1 })
  })

  it('have nothing to cancel without a pending action', async () => {
    const message = sampleMessage()
    await queue.accept(message, { claim: true })
    expect(await act('release')).toEqual({ changed: 0, afterAttempt: 0 })
    await act('hold')
    expect(await act('release')).toEqual({ changed: 0, afterAttempt: 1 })
  })
})

describe('suspended destinations', () => {
  it('are not attempted, not even at accept, until resumed', async () => {
    const seen: DestinationSummary[] = []
    await queue.accept(sampleMessage(), { claim: false })
    queue.watch((nextHops) => seen.push(...nextHops.map((nextHop) => ({ nextHop, ...queue.backlog(nextHop) }))))
    expect(await queue.suspend({ nextHop: hop, by, reason: 'maintenance' })).toBe(true)
    expect(await queue.suspend({ nextHop: hop, by, reason: 'again' })).toBe(false)
    expect(seen).toEqual([{ nextHop: hop, waiting: 0, earliestAttemptAt: 0 }])
    expect(await queue.accept(sampleMessage(), { claim: true })).toEqual([])
    expect(await claimAll()).toEqual([])
    expect(queue.destinations()).toEqual([])
    expect((await queue.reader.stats()).suspended).toMatchObject([{ nextHop: hop, by, reason: 'maintenance' }])
    await queue.close()
    queue = await place.open()
    expect(await claimAll()).toEqual([])
    expect(kinds(hop)).toEqual(['suspended'])
    expect(await queue.resume({ nextHop: hop, by, reason: 'done' })).toBe(true)
    expect(await queue.resume({ nextHop: hop, by, reason: 'done' })).toBe(false)
    expect(await claimAll()).toHaveLength(2)
  })
})

describe('a second process', () => {
  it('controls a running node, which notices it', async () => {
    const seen: DestinationSummary[] = []
    const message = sampleMessage()
    await queue.accept(message, { claim: false })
    await queue.accept(sampleMessage(), { claim: false })
    queue.watch((nextHops) => seen.push(...nextHops.map((nextHop) => ({ nextHop, ...queue.backlog(nextHop) }))))
    const direct = openQueueControl(place.directory, place.clock)
    expect(await direct.control(order('hold', { queueIds: [message.queueId] }))).toEqual({
      changed: 1,
      afterAttempt: 0,
    })
    await until(() => seen.length > 0, { what: 'news of the other process' })
    expect(seen).toEqual([{ nextHop: hop, waiting: 1, earliestAttemptAt: place.clock.time }])
    expect(await direct.suspend({ nextHop: hop, by, reason: 'x' })).toBe(true)
    expect(await queue.accept(sampleMessage(), { claim: true })).toEqual([])
    expect(await direct.resume({ nextHop: hop, by, reason: 'x' })).toBe(true)
    direct.close()
    expect(await claimAll()).toHaveLength(2)
  })

  it('reaches log and metrics of the running node, once', async () => {
    const message = sampleMessage()
    await queue.accept(message, { claim: false })
    const heard: string[] = []
    queue.subscribe((events) => heard.push(...events.map((event) => event.kind)))
    const direct = openQueueControl(place.directory, place.clock)
    await direct.control(order('hold'))
    await direct.suspend({ nextHop: hop, by, reason: 'x' })
    await until(() => heard.length === 2, { what: 'the events of the other process' })
    await queue.accept(sampleMessage(), { claim: false })
    await direct.resume({ nextHop: hop, by, reason: 'x' })
    direct.close()
    await until(() => heard.includes('resumed'), { what: 'the last event of the other process' })
    expect(heard).toEqual(['held', 'suspended', 'received', 'resolved', 'resumed'])
  })

  it('leaves the database to the node between its steps', async () => {
    const recipients = Array.from({ length: 2_500 }, (_, n) => sampleRecipient({ address: `r${n}@example.net` }))
    await queue.accept(sampleMessage({ recipients }), { claim: false })
    const node = new Database(join(place.directory, DATABASE_FILE), { timeout: 0 })
    const held: unknown[] = []
    const clock = Object.assign(new TestClock(), {
      sleep: async () => {
        node.exec('BEGIN IMMEDIATE; COMMIT')
        held.push(node.prepare('SELECT count(*) FROM recipients WHERE state = 3').pluck().get())
      },
    })
    const direct = openQueueControl(place.directory, clock)
    expect(await direct.control(order('hold'))).toEqual({ changed: 2_500, afterAttempt: 0 })
    expect(held).toEqual([2_000, 2_500])
    direct.close()
    node.close()
  })

  it('controls a stopped node', async () => {
    await queue.accept(sampleMessage(), { claim: false })
    await queue.close()
    const direct = openQueueControl(place.directory, place.clock)
    expect(await direct.control(order('bounce'))).toEqual({ changed: 1, afterAttempt: 0 })
    direct.close()
    queue = await place.open()
    expect(await queue.noticeTasks({ limit: 5, now: 0 })).toHaveLength(1)
  })
})

describe('age', () => {
  it('expires recipients that were never attempted, but not held or suspended ones', async () => {
    const late = (change: object) => sampleMessage({ recipients: [sampleRecipient(change)] })
    await queue.accept(late({ nextHop: 'mx:dead.example' }), { claim: false })
    await queue.accept(late({ nextHop: 'mx:suspended.example' }), { claim: false })
    await queue.accept(late({ address: 'held@example.net' }), { claim: false })
    await queue.suspend({ nextHop: 'mx:suspended.example', by, reason: 'x' })
    await act('hold', { recipient: 'held@*' })
    place.clock.time += 5 * 86_400_000
    expect(await queue.expireOverdue()).toBe(0)
    place.clock.time += 4_000_001
    expect(await queue.expireOverdue()).toBe(1)
    expect(states()).toEqual({ queued: 1, held: 1, expired: 1 })
    expect((await queue.reader.stats()).keptBeyondLifetime).toEqual({ held: 1, suspended: 1 })
    expect(await queue.noticeTasks({ limit: 5, now: 0 })).toMatchObject([
      { notice: 'failed', recipients: [{ expired: true, status: '4.4.7' }] },
    ])
  })
})
