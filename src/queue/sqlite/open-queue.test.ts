// The SQLite queue through its contract: accept, claim, settle, notices, restart, on a real database.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  deferred,
  delivered,
  failed,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import type { SqliteQueue } from './sqlite-queue.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Claim } from '../contract/queue.ts'

let place: TestQueue
let queue: OpenQueue

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

const settle = (claim: Claim, outcome = delivered()) =>
  queue.settle({
    queueId: claim.message.queueId,
    nextHop: claim.nextHop,
    outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome })),
  })
const now = () => place.clock.time

describe('accept and claim', () => {
  it('returns exactly what was accepted', async () => {
    const recipient = sampleRecipient({
      original: 'info@example.org',
      private: true,
      parameters: { notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;info@example.org' },
    })
    const message = sampleMessage({
      origin: { kind: 'user', identity: 'anna' },
      parameters: { size: 10, body: '8BITMIME', smtputf8: true, requireTls: false, ret: 'HDRS', envid: 'x' },
      body: { kind: 'inline', bytes: Buffer.from('b\0dy\r\n') },
      recipients: [recipient],
    })
    expect(await queue.accept(message, { claim: false })).toEqual([])
    const [claim] = await queue.claim({ nextHop: 'mx:example.net', limit: 5, now: now() })
    const { recipients: _, events: __, ...stored } = message
    expect(claim?.message).toEqual(stored)
    expect(claim?.reversePath).toBe('sender@example.org')
    expect(claim?.recipients).toEqual([{ ...recipient, recipientId: expect.any(Number), attempt: 1 }])
    expect(await queue.claim({ nextHop: 'mx:example.net', limit: 5, now: now() })).toEqual([])
  })

  it('claims at accept, by next hop and reverse-path, at most 50 recipients each', async () => {
    const many = Array.from({ length: 60 }, (_, n) => sampleRecipient({ address: `u${n}@example.net` }))
    const other = sampleRecipient({ address: 'x@other.example', nextHop: 'mx:other.example', reversePath: null })
    const claims = await queue.accept(sampleMessage({ recipients: [...many, other] }), { claim: true })
    expect(claims.map((claim) => [claim.nextHop, claim.reversePath, claim.recipients.length])).toEqual([
      ['mx:example.net', 'sender@example.org', 50],
      ['mx:example.net', 'sender@example.org', 10],
      ['mx:other.example', null, 1],
    ])
    expect(queue.destinations()).toEqual([])
    for (const claim of claims) await settle(claim)
    expect((await queue.reader.stats()).messages).toBe(0)
  })

  it('accepts many messages at once', async () => {
    const messages = Array.from({ length: 300 }, (_, n) =>
      sampleMessage({ body: { kind: 'inline', bytes: Buffer.alloc(n * 10, n) } }),
    )
    const claims = await Promise.all(messages.map((message) => queue.accept(message, { claim: true })))
    for (const [n, [claim]] of claims.entries()) expect(claim?.message.queueId).toBe(messages[n]?.queueId)
    await queue.release(claims.flat())
    expect(queue.destinations()).toEqual([{ nextHop: 'mx:example.net', waiting: 300, earliestAttemptAt: now() }])
    const back = []
    for (let got = -1; got !== 0; ) {
      const some = await queue.claim({ nextHop: 'mx:example.net', limit: 40, now: now() })
      got = some.length
      back.push(...some)
    }
    expect(back).toHaveLength(300)
    for (const claim of back)
      expect(claim.message.body).toEqual(messages.find((one) => one.queueId === claim.message.queueId)?.body)
  })

  it('refuses a second message with the same queue ID without failing others', async () => {
    const first = sampleMessage()
    await queue.accept(first, { claim: false })
    const results = await Promise.allSettled([
      queue.accept(sampleMessage(), { claim: false }),
      queue.accept(first, { claim: false }),
      queue.accept(sampleMessage(), { claim: false }),
    ])
    expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await queue.reader.stats()).messages).toBe(3)
  })
})

describe('settle', () => {
  it('defers to the time committed at the claim, or to the time of the outcome', async () => {
    const [first] = await queue.accept(sampleMessage(), { claim: true })
    await settle(first as Claim, deferred())
    const [waiting] = queue.destinations()
    expect(waiting?.waiting).toBe(1)
    expect(waiting?.earliestAttemptAt).toBeGreaterThanOrEqual(now() + 270_000)
    expect(waiting?.earliestAttemptAt).toBeLessThanOrEqual(now() + 330_000)
    place.clock.time = waiting?.earliestAttemptAt ?? 0
    const [second] = await queue.claim({ nextHop: 'mx:example.net', limit: 1, now: now() })
    expect(second?.recipients[0]?.attempt).toBe(2)
    await settle(second as Claim, deferred({ retryAt: now() + 60_000 }))
    expect(queue.destinations()[0]?.earliestAttemptAt).toBe(now() + 60_000)
  })

  it('expires at the end of the lifetime, after a last attempt there', async () => {
    const message = sampleMessage()
    const [first] = await queue.accept(message, { claim: true })
    await settle(first as Claim, deferred({ retryAt: now() + 6 * 86_400_000 }))
    const end = message.arrivedAt + 5 * 86_400_000
    expect(queue.destinations()[0]?.earliestAttemptAt).toBe(end)
    place.clock.time = end
    const [last] = await queue.claim({ nextHop: 'mx:example.net', limit: 1, now: end })
    expect(await settle(last as Claim, deferred())).toEqual({ noticesDue: true })
    const [task] = await queue.noticeTasks({ limit: 1, now: end })
    expect(task?.recipients[0]).toMatchObject({ expired: true, status: '4.2.1', expiresAt: end })
  })

  it('ignores outcomes of removed recipients', async () => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    await settle(claim as Claim)
    expect(await settle(claim as Claim, failed())).toEqual({ noticesDue: false })
    expect((await queue.reader.stats()).messages).toBe(0)
  })
})

describe('notices', () => {
  it('keeps a failed recipient until its notice is sent, once', async () => {
    const [claim] = await queue.accept(sampleMessage(), { claim: true })
    expect(await settle(claim as Claim, failed())).toEqual({ noticesDue: true })
    const [task] = await queue.noticeTasks({ limit: 10, now: now() })
    expect(task).toMatchObject({ notice: 'failed', message: { queueId: claim?.message.queueId } })
    if (!task) return
    const dsn = sampleMessage({ sender: null })
    await queue.notify({ task, dsn, events: [] })
    await queue.notify({ task, dsn: sampleMessage({ sender: null }), events: [] })
    expect(await queue.noticeTasks({ limit: 10, now: now() })).toEqual([])
    expect(await queue.reader.stats()).toMatchObject({ messages: 1, noticesDue: 0 })
    const [own] = await queue.claim({ nextHop: 'mx:example.net', limit: 10, now: now() })
    expect(own?.message).toMatchObject({ queueId: dsn.queueId, sender: null })
  })

  it('are returned after any recipient id, so that a failing notice does not delay the others', async () => {
    for (let n = 0; n < 3; n++) {
      const [claim] = await queue.accept(sampleMessage(), { claim: true })
      await settle(claim as Claim, failed())
    }
    const [first] = await queue.noticeTasks({ limit: 1, now: now() })
    const after = first?.recipients[0]?.recipientId ?? 0
    const rest = await queue.noticeTasks({ limit: 5, now: now(), after })
    expect(rest).toHaveLength(2)
    expect(rest.every(({ recipients }) => recipients.every(({ recipientId }) => recipientId > after))).toBe(true)
  })

  it('waits for recipients without a finished attempt, so that a message has one report', async () => {
    const hops = ['mx:a.example', 'mx:b.example', 'mx:c.example']
    const claims = await queue.accept(
      sampleMessage({ recipients: hops.map((nextHop) => sampleRecipient({ nextHop })) }),
      { claim: true },
    )
    const other = await queue.accept(sampleMessage(), { claim: true })
    const due = (at = now()) => queue.noticeTasks({ limit: 10, now: at })
    await settle(claims[0] as Claim, failed())
    await settle(claims[1] as Claim, failed())
    await settle(other[0] as Claim, failed())
    expect(await due()).toMatchObject([{ message: { queueId: other[0]?.message.queueId } }])
    // The wait ends after minutes, even if a destination never answers.
    expect(await due(now() + 300_000)).toHaveLength(2)
    expect(await settle(claims[2] as Claim)).toEqual({ noticesDue: true })
    const [task] = await due()
    expect(task?.recipients.map(({ nextHop }) => nextHop)).toEqual(['mx:a.example', 'mx:b.example'])
  })

  it('does not wait for recipients with a finished attempt', async () => {
    const claims = await queue.accept(
      sampleMessage({ recipients: ['mx:a.example', 'mx:b.example'].map((nextHop) => sampleRecipient({ nextHop })) }),
      { claim: true },
    )
    await settle(claims[0] as Claim, failed())
    await settle(claims[1] as Claim, deferred())
    expect(await queue.noticeTasks({ limit: 10, now: now() })).toHaveLength(1)
  })

  it('follows NOTIFY', async () => {
    const cases = [
      [[], delivered(), false],
      [['SUCCESS'], delivered(), true],
      [['SUCCESS'], delivered({ dsnPassedOn: true }), false],
      [['SUCCESS'], failed(), false],
      [['NEVER'], failed(), false],
      [['DELAY'], failed(), false],
      [['FAILURE', 'DELAY'], failed(), true],
    ] as const
    for (const [notify, outcome, due] of cases) {
      const recipients = [sampleRecipient({ parameters: { notify, orcpt: null } })]
      const [claim] = await queue.accept(sampleMessage({ recipients }), { claim: true })
      expect(await settle(claim as Claim, outcome)).toEqual({ noticesDue: due })
      const tasks = await queue.noticeTasks({ limit: 10, now: now() })
      expect(tasks).toHaveLength(due ? 1 : 0)
      for (const task of tasks) await queue.notify({ task, dsn: null, events: [] })
      expect((await queue.reader.stats()).messages).toBe(0)
    }
  })

  it('reports a delay once', async () => {
    await queue.close()
    const { defaultRetrySettings } = await import('../scheduling/retry-schedule.ts')
    queue = await place.open({ retry: { ...defaultRetrySettings, delayWarningMs: 3_600_000 } })
    let [claim] = await queue.accept(sampleMessage(), { claim: true })
    expect(await settle(claim as Claim, deferred())).toEqual({ noticesDue: false })
    const due = []
    for (let round = 0; round < 4; round++) {
      place.clock.time += 4_500_000
      ;[claim] = await queue.claim({ nextHop: 'mx:example.net', limit: 1, now: now() })
      due.push((await settle(claim as Claim, deferred())).noticesDue)
      for (const task of await queue.noticeTasks({ limit: 1, now: now() })) {
        expect(task.notice).toBe('delayed')
        await queue.notify({ task, dsn: null, events: [] })
      }
    }
    expect(due).toEqual([true, false, false, false])
  })
})

describe('restart', () => {
  it('keeps everything and defers interrupted attempts to their committed time', async () => {
    const message = sampleMessage({ recipients: [sampleRecipient(), sampleRecipient({ address: 'bob@example.net' })] })
    await queue.accept(message, { claim: true })
    await queue.accept(sampleMessage(), { claim: false })
    await queue.close()
    queue = await place.open()
    expect(queue.opened.recovered).toBe(2)
    const [waiting] = queue.destinations()
    expect(waiting).toMatchObject({ waiting: 3, earliestAttemptAt: now() })
    expect(await queue.claim({ nextHop: 'mx:example.net', limit: 9, now: now() })).toHaveLength(1)
    const [again] = await queue.claim({ nextHop: 'mx:example.net', limit: 9, now: now() + 330_000 })
    expect(again?.recipients.map((one) => one.attempt)).toEqual([2, 2])
  })

  it('refuses a second owner', async () => {
    await expect(place.open()).rejects.toMatchObject({ name: 'QueueUnavailable', cause: 'owned' })
  })
})

describe('watch', () => {
  it('reports changed destinations before the answer arrives', async () => {
    const seen: unknown[] = []
    queue.watch((nextHops) => seen.push(...nextHops.map((nextHop) => ({ nextHop, ...queue.backlog(nextHop) }))))
    await queue.accept(sampleMessage(), { claim: false })
    expect(seen).toEqual([{ nextHop: 'mx:example.net', waiting: 1, earliestAttemptAt: now() }])
    await queue.claim({ nextHop: 'mx:example.net', limit: 1, now: now() })
    expect(seen.at(-1)).toEqual({ nextHop: 'mx:example.net', waiting: 0, earliestAttemptAt: 0 })
  })
})

describe('an engine that ends without close', () => {
  it('is reported to the node; a closed one is not', async () => {
    const told: string[] = []
    queue.onFatal((cause) => told.push(cause))
    await queue.close()
    expect(told).toEqual([])
    queue = await place.open()
    queue.onFatal((cause) => told.push(cause))
    ;(queue as SqliteQueue).failed('the worker failed')
    expect(told).toEqual(['the worker failed'])
  })
})
