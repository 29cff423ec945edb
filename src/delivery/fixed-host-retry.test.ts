// A fleet node that was down gets the mail soon after it is back; the engine with a queue in memory and a fake clock.

import { deliverySlots } from '../../test/lib/delivery-slots.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createFakeQueue } from '../../test/lib/fake-queue.ts'
import type { Outcome } from '../queue/contract/outcome.ts'
import type { Claim } from '../queue/contract/queue.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'
import { ConnectionPool, standardPool } from './attempt/connection-pool.ts'
import { deferred } from './attempt/delivery-outcome.ts'
import { createDispatcher, standardDispatcher } from './dispatcher.ts'
import type { DeliveryEngine } from './engine.ts'
import { fixedHostRetryMs, retrySoon } from './fixed-host-retry.ts'

const MINUTE = 60_000
const done: Outcome = { kind: 'delivered', dsnPassedOn: false, reply: '250 ok', status: '2.0.0', host: 'h', tls: null }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** 50 mails for a destination whose host does not answer until `up()`. */
function setUp(nextHop: string) {
  const clock = createFakeClock()
  const queue = createFakeQueue(() => clock.now(), 40 * MINUTE)
  let isUp = false
  let attempts = 0
  const agent = {
    attempt: async ({ recipients }: Claim) => {
      attempts++
      const outcome = isUp ? done : deferred('site', '4.4.1', 'connection refused')
      const outcomes = recipients.map(({ recipientId }) => ({ recipientId, outcome }))
      return { outcomes, verdict: isUp ? ('worked' as const) : ('unreachable' as const), pauseMs: 0 }
    },
  }
  const unreachableMsFor = (hop: string) => fixedHostRetryMs(hop, 5 * MINUTE)
  const engine: DeliveryEngine = createDispatcher(
    { ...standardDispatcher, scheduler: { ...defaultSchedulerSettings, unreachableMsFor } },
    {
      queue,
      agent,
      clock,
      pool: new ConnectionPool(standardPool, clock),
      ...deliverySlots(clock),
      log: { bug: () => undefined, error: () => undefined, info: () => undefined },
      noticesDue: () => undefined,
    },
  )
  for (let n = 0; n < 50; n++) queue.add({ nextHop, to: [`r${n}@example.org`] })
  engine.start()
  stops.push(async () => {
    const drained = engine.drain(0)
    await clock.advance(MINUTE)
    await drained
  })
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) await clock.advance(1_000)
  }
  return { queue, engine, clock, pass, up: () => (isUp = true), attempts: () => attempts }
}

describe('a destination that is back after half an hour', () => {
  it.each(['peers:srs', 'smtp:[relay.example.net]:25', 'lmtp:unix:/run/list.sock'])(
    '%s gets all mail within a minute',
    async (nextHop) => {
      const { queue, pass, up, attempts } = setUp(nextHop)
      await pass(30 * MINUTE)
      expect(queue.count('delivered')).toBe(0)
      // One probe at a time, not all mail twice a minute.
      expect(attempts()).toBeLessThanOrEqual(5 + 60)
      up()
      await pass(MINUTE)
      expect(queue.count('delivered')).toBe(50)
    },
  )

  it('in the internet is tried after its back-off', async () => {
    const { queue, pass, up, attempts } = setUp('mx:example.net')
    await pass(29 * MINUTE)
    expect(attempts()).toBeLessThanOrEqual(5 + 6)
    up()
    await pass(10_000)
    expect(queue.count('delivered')).toBe(0)
  })
})

it('is listed with the time of its next probe, and a drain as the reason for everything', async () => {
  const { engine, clock, pass } = setUp('peers:srs')
  await pass(5_000)
  const { paused, destinations } = await engine.waits()
  expect({ paused, destinations }).toMatchObject({
    paused: null,
    destinations: [{ nextHop: 'peers:srs', reason: 'unreachable', active: 0, limit: 1 }],
  })
  const probed = (destinations[0]?.until ?? 0) - clock.now()
  expect(probed).toBeGreaterThan(20_000)
  expect(probed).toBeLessThanOrEqual(30_000)
  void engine.drain(0)
  expect(await engine.waits()).toMatchObject({ paused: 'the node is draining' })
})

describe('retrySoon', () => {
  const claim = (attempt: number) => ({ recipients: [{ recipientId: 1, attempt }] }) as unknown as Claim
  const retryAt = (outcome: Outcome, attempt = 1) => {
    const [first] = retrySoon(claim(attempt), [{ recipientId: 1, outcome }], 99)
    return first?.outcome.kind === 'deferred' ? first.outcome.retryAt : undefined
  }

  it('is for hosts that are down, however often', () => {
    expect(retryAt(deferred('site', '4.4.1', 'connection refused'), 1_000)).toBe(99)
  })

  it('is for a few broken sessions: a message may make the peer crash', () => {
    const broken = deferred('session', '4.4.2', 'Connection lost')
    expect([1, 3, 4].map((attempt) => retryAt(broken, attempt))).toEqual([99, 99, null])
  })

  it('leaves what the peer said about the message or recipient, and a time that was chosen already', () => {
    expect(retryAt(deferred('message', '4.3.0', 'no'))).toBeNull()
    expect(retryAt(deferred('recipient', '4.2.2', 'full'))).toBeNull()
    expect(retryAt({ ...deferred('site', '4.7.0', 'wait'), retryAt: 5 } as Outcome)).toBe(5)
    expect(retryAt(done)).toBeUndefined()
  })
})

it('never waits longer than the usual back-off', () => {
  expect(fixedHostRetryMs('peers:srs', 5_000)).toBe(5_000)
  expect(fixedHostRetryMs('mx:example.net', 5_000)).toBeNull()
})
