// The queue follows holds: only the mail of the account, or of its app password; again after some seconds; and what it did not finish, after
// a restart.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient, type TestQueue, testQueue } from '../../test/lib/queue-samples.ts'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import type { Event } from '../observe/events.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { Origin } from '../smtp/origin.ts'
import type { HoldRow, Progress } from '../state/sqlite/hold-rows.ts'
import { type AccountHolds, followAccountHolds } from './account-holds.ts'

let place: TestQueue
let queue: OpenQueue
let clock: FakeClock
let rows: (HoldRow & { progress: Progress })[]
let news: HoldRow[]
let holds: AccountHolds
let warnings: unknown[]

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
  clock = createFakeClock()
  ;[rows, news, warnings] = [[], [], []]
  holds = follow(queue)
})
afterEach(async () => {
  holds.close()
  await place.remove()
})

function follow(to: Pick<OpenQueue, 'control' | 'record'>): AccountHolds {
  return followAccountHolds({
    accounts: {
      news: async () => [...news],
      reported: async (told) => void (news = news.filter((one) => !told.includes(one))),
      unfinished: async (below) => rows.filter(({ progress }) => progress < below),
      advance: async (row, to_) =>
        void Object.assign(rows.find(({ account }) => account === row.account) ?? {}, { progress: to_ }),
    },
    queue: to,
    clock,
    log: { warn: (fields) => warnings.push(fields) },
  })
}

function hold(account: string, change: Partial<HoldRow> = {}): void {
  const row = { account, at: clock.now(), by: 'node', reason: 'unusual', evidence: 'RECIPIENTS 4' }
  const whole = { ...row, endedAt: null, endedBy: '', endReason: '', ...change }
  rows = [...rows.filter((one) => one.account !== account), { ...whole, progress: 0 }]
  news.push(whole)
}

async function queueMail(queueId: string, origin: Origin): Promise<void> {
  const recipients = [sampleRecipient({ address: `${queueId}@example.net` })]
  await queue.accept(sampleMessage({ queueId, origin, recipients }), { claim: false })
}

async function held(): Promise<string[]> {
  const found: string[] = []
  for await (const { queueId, recipients } of queue.reader.list({ states: ['held'] }))
    found.push(`${queueId} ${recipients[0]?.hold?.reason}`)
  return found
}

const kim: Origin = { kind: 'user', identity: 'kim' }
const mail = async () => {
  await queueMail('A', kim)
  await queueMail('B', { ...kim, app: 'phone' })
  await queueMail('C', { kind: 'machine', identity: 'kim' })
  await queueMail('D', { kind: 'user', identity: 'lee' })
}

it('holds all mail of the account, and no other', async () => {
  await mail()
  hold('user:kim')
  await holds.start()
  const reason = 'account user:kim is on hold: unusual; RECIPIENTS 4'
  expect(await held()).toEqual([`A ${reason}`, `B ${reason}`])
})

it('holds the mail of an app password, and releases only that', async () => {
  await mail()
  await queue.control({ action: 'hold', filter: { queueIds: ['B', 'D'] }, by: 'root', reason: 'spam' })
  await queueMail('E', { ...kim, app: 'phone' })
  hold('user:kim (app phone)')
  await holds.start()
  expect(await held()).toHaveLength(3)
  hold('user:kim (app phone)', { endedAt: clock.now(), endedBy: 'root' })
  holds.due()
  await clock.advance(1000)
  await holds.start()
  // What an operator held for another reason stays.
  expect(await held()).toEqual(['B spam', 'D spam'])
})

it('asks again for what was committed just after the hold', async () => {
  hold('user:kim')
  await holds.start()
  await mail()
  await clock.advance(5000)
  expect(await held()).toEqual([])
  await clock.advance(6000)
  await holds.start()
  expect(await held()).toHaveLength(2)
  expect(rows[0]?.progress).toBe(2)
})

it('records each hold and each release once', async () => {
  hold('user:kim')
  await holds.start()
  hold('user:kim', { endedAt: clock.now(), endedBy: 'root', endReason: 'new password' })
  await holds.start()
  const events: Event[] = []
  for await (const entry of queue.reader.ledger({})) events.push(...entry)
  expect(events.filter(({ kind }) => kind.startsWith('account-'))).toMatchObject([
    { kind: 'account-held', account: 'user:kim', by: 'node', evidence: 'RECIPIENTS 4' },
    { kind: 'account-released', by: 'root', reason: 'new password' },
  ])
})

it('records a hold again until the state knows that it is recorded, so that a lost answer loses none', async () => {
  let isFull = true
  holds.close()
  holds = follow({
    record: (events) => (isFull ? Promise.reject(new Error('no disk')) : queue.record(events)),
    control: (request) => queue.control(request),
  })
  hold('user:kim')
  await holds.start()
  expect([warnings, news.length]).toEqual([[{ cause: 'no disk' }], 1])
  isFull = false
  await clock.advance(1000)
  await holds.start()
  const events: Event[] = []
  for await (const entry of queue.reader.ledger({})) events.push(...entry)
  expect([events.filter(({ kind }) => kind === 'account-held').length, news.length]).toEqual([1, 0])
})

it('tries again after an error of the queue', async () => {
  let isBroken = true
  holds.close()
  holds = follow({
    record: (events) => queue.record(events),
    control: (request) => (isBroken ? Promise.reject(new Error('no disk')) : queue.control(request)),
  })
  await mail()
  hold('user:kim')
  await holds.start()
  expect([warnings, rows[0]?.progress]).toEqual([[{ cause: 'no disk' }], 0])
  isBroken = false
  await clock.advance(1000)
  await holds.start()
  expect(await held()).toHaveLength(2)
})
