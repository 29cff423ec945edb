// The wall clock is set back, by NTP or after a wrong time zone: delivery continues without a delay.

import { deliverySlots } from '../../test/lib/delivery-slots.ts'
import { afterEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createFakeQueue } from '../../test/lib/fake-queue.ts'
import type { Clock } from '../lib/clock.ts'
import type { Outcome } from '../queue/contract/outcome.ts'
import type { Claim } from '../queue/contract/queue.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'
import { createDispatcher, standardDispatcher } from './dispatcher.ts'
import { deferred } from './attempt/delivery-outcome.ts'
import { ConnectionPool, standardPool } from './attempt/connection-pool.ts'

const HOUR = 3_600_000
const done: Outcome = { kind: 'delivered', dsnPassedOn: false, reply: '250 ok', status: '2.0.0', host: 'h', tls: null }
const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

function setUp() {
  const ticks = createFakeClock()
  const state = { step: 0, unreachable: false }
  const clock: Clock = { ...ticks, now: () => ticks.now() + state.step }
  const queue = createFakeQueue(() => clock.now())
  const engine = createDispatcher(
    { scheduler: defaultSchedulerSettings, ...standardDispatcher },
    {
      queue,
      agent: {
        attempt: async ({ recipients }: Claim) => ({
          outcomes: recipients.map(({ recipientId }) => ({
            recipientId,
            outcome: state.unreachable ? deferred('site', '4.4.1', 'no answer') : done,
          })),
          verdict: state.unreachable ? 'unreachable' : 'worked',
          pauseMs: 0,
        }),
      },
      clock,
      pool: new ConnectionPool(standardPool, clock),
      ...deliverySlots(clock),
      log: { bug: () => undefined, error: () => undefined, info: () => undefined },
      noticesDue: () => undefined,
    },
  )
  ends.push(async () => {
    const drained = engine.drain(0)
    await ticks.advance(60_000)
    await drained
  })
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) await ticks.advance(1000)
  }
  return { queue, engine, state, pass }
}

it('delivers messages that arrive after the step', async () => {
  const { queue, engine, state, pass } = setUp()
  engine.start()
  await pass(65_000)
  state.step = -HOUR
  queue.add({ nextHop: 'mx:example.net', to: ['kim@example.net'] })
  await pass(61_000)
  expect(queue.count('delivered')).toBe(1)
  queue.add({ nextHop: 'mx:example.net', to: ['lee@example.net'] })
  await pass(5_000)
  expect(queue.count('delivered')).toBe(2)
})

it('tries an unreachable destination after its back-off, not later by the step', async () => {
  const { queue, engine, state, pass } = setUp()
  state.unreachable = true
  queue.add({ nextHop: 'mx:example.net', to: ['kim@example.net'] })
  engine.start()
  await pass(65_000)
  state.step = -HOUR
  state.unreachable = false
  queue.add({ nextHop: 'mx:example.net', to: ['lee@example.net'] })
  await pass(120_000)
  expect(queue.count('delivered')).toBe(0)
  await pass(270_000)
  expect(queue.count('delivered')).toBe(1)
})
