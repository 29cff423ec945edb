// One transaction for many operations: a failed operation fails no other one and leaves nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { contentParts } from '../../contract/stored-body.ts'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sampleMessage } from '../../../../test/lib/queue-samples.ts'
import type { WireClaim } from '../worker/worker-protocol.ts'
import type { NewMessage } from '../../contract/queue.ts'
import { defaultRetrySettings } from '../../scheduling/retry-schedule.ts'
import { type Job, Store } from './store.ts'
import { encodeMessage } from '../worker/worker-codec.ts'

let directory: string
let store: Store
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waypost-store-'))
  store = new Store({ directory, retry: defaultRetrySettings, random: () => 0.5, owner: true, now: 0 })
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

const accept = (message: NewMessage = sampleMessage(), claim = false): Job => ({
  operation: { kind: 'accept', message: encodeMessage(message, 0), claim, now: message.arrivedAt },
  octets: Buffer.concat(contentParts(message)),
})
const settle = (id: number): Job => ({
  operation: {
    kind: 'settle',
    message: null,
    queueId: 'x',
    outcomes: [[id, 'delivered', null, '2.0.0', 'ok', null, null, false, null]],
    now: 1,
  },
  octets: new Uint8Array(0),
})
const big = () => sampleMessage({ body: { kind: 'inline', bytes: Buffer.alloc(30_000) } })
const count = () => store.database.prepare('SELECT count(*) FROM messages').pluck().get()
const fill = () =>
  store.database.pragma(`max_page_count = ${Number(store.database.pragma('page_count', { simple: true }))}`)

it('returns results in order with one commit', () => {
  const { values, failures } = store.run([accept(), accept(sampleMessage(), true), accept()])
  expect(failures).toEqual([])
  expect(values).toEqual([65_536, 131_072, 196_608])
  expect(store.waiting).toBe(2)
})

it('fails only the operation that is wrong', () => {
  const twin = sampleMessage()
  const { values, failures } = store.run([
    accept(twin),
    accept(twin),
    accept(sampleMessage({ recipients: [] })),
    accept(),
  ])
  expect(failures.map(([place, failure]) => [place, failure.kind])).toEqual([
    [1, 'wrong'],
    [2, 'wrong'],
  ])
  expect(values.map((value) => typeof value)).toEqual(['number', 'undefined', 'undefined', 'number'])
  expect([count(), store.waiting, store.failing]).toEqual([2, 2, null])
})

it('on a full disk refuses new mail, leaves nothing of it, and still settles', () => {
  const [first] = store.run([accept(big(), true)]).values
  fill()
  const { values, failures } = store.run([accept(big()), settle(first as number), accept(big())])
  expect(failures.map(([place, failure]) => [place, failure.kind === 'unavailable' && failure.cause])).toEqual([
    [0, 'full'],
    [2, 'full'],
  ])
  expect(values[1]).toBe(false)
  expect([count(), store.waiting]).toEqual([0, 0])
  store.database.pragma('max_page_count = 1000000')
  expect(store.run([accept(big())]).failures).toEqual([])
  expect([count(), store.waiting, store.failing]).toEqual([1, 1, null])
})

it('reports the cause of a failure until a commit succeeds', () => {
  fill()
  store.run([accept(big())])
  expect(store.failing).toMatchObject({ cause: 'full', message: expect.stringMatching(/SQLITE_FULL/) })
  store.database.pragma('max_page_count = 1000000')
  store.run([{ operation: { kind: 'probe' }, octets: new Uint8Array(0) }])
  expect(store.failing).toBeNull()
})

it('returns octets of committed operations only', () => {
  const message = sampleMessage({ body: { kind: 'inline', bytes: Buffer.from('the body') } })
  const twin = sampleMessage()
  store.run([accept(message), accept(twin)])
  const claim: Job = {
    operation: { kind: 'claim', nextHop: 'mx:example.net', limit: 1, now: message.arrivedAt },
    octets: new Uint8Array(0),
  }
  const { values, failures } = store.run([claim, accept(twin)])
  expect(failures).toHaveLength(1)
  const [wire] = values[0] as readonly WireClaim[]
  const octets = Buffer.from(store.takeOctets() ?? [])
  expect([wire?.message.contentStart, wire?.message.contentEnd]).toEqual([0, octets.length])
  expect(String(octets)).toContain('the body')
})

it('sees what another process changed before it decides', () => {
  store.run([accept()])
  const other = new Store({ directory, retry: defaultRetrySettings, random: () => 0.5, owner: false, now: 0 })
  const step = { kind: 'suspend', nextHop: 'mx:example.net', by: 'x', reason: 'y', now: 0 } as const
  other.run([{ operation: { kind: 'control', step }, octets: new Uint8Array(0) }])
  other.close()
  const { values } = store.run([accept(sampleMessage(), true)])
  expect(values[0]).toEqual({ first: 131_072, claimed: [false] })
  expect(store.takeChanges().changed.at(-1)).toEqual({ nextHop: 'mx:example.net', waiting: 0, earliestAttemptAt: 0 })
})
