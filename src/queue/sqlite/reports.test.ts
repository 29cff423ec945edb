// Reports that are committed with a notice, and expanded addresses, which are in the queue only to be reported.

import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  delivered,
  failed,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Claim } from '../contract/queue.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'

let place: TestQueue
let queue: OpenQueue
beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

const settle = ({ message, nextHop, recipients }: Claim, outcome = delivered()) =>
  queue.settle({
    queueId: message.queueId,
    nextHop,
    outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
  })
const now = () => place.clock.time

it('a report and the copies of it are committed together, each with its own content', async () => {
  const [claim] = await queue.accept(sampleMessage(), { claim: true })
  await settle(claim as Claim, failed())
  const [task] = await queue.noticeTasks({ limit: 1, now: now() })
  if (!task) throw new Error('no notice is due')
  const report = (text: string) => sampleMessage({ sender: null, body: { kind: 'inline', bytes: Buffer.from(text) } })
  const dsn = report('for the sender')
  const copies = [report('for the operator'), report('and another')]
  await queue.notify({ task, dsn, copies, events: [] })
  await queue.notify({ task, dsn: report('twice'), copies: [report('twice')], events: [] })
  const claims = await queue.claim({ nextHop: 'mx:example.net', limit: 9, now: now() })
  const bodies = claims.map(({ message }) => (message.body.kind === 'inline' ? String(message.body.bytes) : ''))
  expect(bodies.toSorted((a, b) => a.localeCompare(b))).toEqual(['and another', 'for the operator', 'for the sender'])
})

it('a notice may go to the operator only', async () => {
  const [claim] = await queue.accept(sampleMessage({ sender: null }), { claim: true })
  await settle(claim as Claim, failed())
  const [task] = await queue.noticeTasks({ limit: 1, now: now() })
  if (task) await queue.notify({ task, dsn: null, copies: [sampleMessage({ sender: null })], events: [] })
  expect((await queue.reader.stats()).messages).toBe(1)
})

it('an expanded address is never attempted and reported once', async () => {
  const asked = { notify: ['SUCCESS' as const], orcpt: null }
  const reached = { address: 'team@example.org', nextHop: '', expanded: true, parameters: asked }
  const recipients = [sampleRecipient(reached), sampleRecipient(), sampleRecipient({ address: 'bob@example.net' })]
  const claims = await queue.accept(sampleMessage({ recipients }), { claim: true })
  expect(claims.flatMap((one) => one.recipients.map(({ address }) => address))).toEqual([
    'alice@example.net',
    'bob@example.net',
  ])
  for (const claim of claims) await settle(claim)
  const tasks = await queue.noticeTasks({ limit: 9, now: now() })
  expect(tasks).toMatchObject([{ notice: 'expanded', recipients: [{ address: 'team@example.org', status: '2.1.5' }] }])
  if (tasks[0]) await queue.notify({ task: tasks[0], dsn: null, events: [] })
  expect((await queue.reader.stats()).messages).toBe(0)
})

it('an expanded address does not disturb the recovery at a restart', async () => {
  const recipients = [sampleRecipient({ address: 'team@example.org', nextHop: '', expanded: true }), sampleRecipient()]
  await queue.accept(sampleMessage({ recipients }), { claim: false })
  expect(queue.destinations().map(({ nextHop, waiting }) => [nextHop, waiting])).toEqual([['mx:example.net', 1]])
  await queue.close()
  queue = await place.open()
  expect(queue.destinations().map(({ nextHop, waiting }) => [nextHop, waiting])).toEqual([['mx:example.net', 1]])
  const reader = new SyncQueueReader(place.directory)
  expect([...reader.list()].flatMap((one) => one.recipients.map(({ state }) => state))).toEqual(['delivered', 'queued'])
  reader.close()
})

it('the class of a refusal is kept for lists and reports', async () => {
  const [claim] = await queue.accept(sampleMessage(), { claim: true })
  await settle(claim as Claim, { ...failed(), replyClass: 'blocked', advice: 'Ask them.' } as ReturnType<typeof failed>)
  const [task] = await queue.noticeTasks({ limit: 1, now: now() })
  expect(task?.recipients[0]?.replyClass).toBe('blocked')
  const reader = new SyncQueueReader(place.directory)
  expect([...reader.list()][0]?.recipients[0]?.last?.class).toBe('blocked')
  expect([...reader.ledger()].at(-1)).toMatchObject({ kind: 'failed', class: 'blocked', advice: 'Ask them.' })
  reader.close()
})
