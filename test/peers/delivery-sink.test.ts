// The whole engine (scheduler, agents, client) against smtp-sink of Postfix, an independent implementation of the protocol.

import { deliverySlots } from '../lib/delivery-slots.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { standardAgent } from '../../src/delivery/attempt/agent.ts'
import { createAgent } from '../../src/delivery/attempt/attempt.ts'
import { createDispatcher, standardDispatcher } from '../../src/delivery/dispatcher.ts'
import type { DeliveryEngine } from '../../src/delivery/engine.ts'
import { createHostFinder } from '../../src/delivery/hosts/host-finder.ts'
import { ConnectionPool, standardPool } from '../../src/delivery/attempt/connection-pool.ts'
import { createReplyRules } from '../../src/delivery/attempt/reply-rules.ts'
import { HostLimiter } from '../../src/delivery/attempt/shared-limits.ts'
import { tlsPolicies } from '../../src/delivery/tls-policy/configured-policies.ts'
import { createSmtpTransport } from '../../src/delivery/smtp-client/smtp-transport.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { defaultSchedulerSettings } from '../../src/queue/scheduling/scheduler.ts'
import { createFakeQueue } from '../lib/fake-queue.ts'
import { fakeResolver } from '../lib/fake-resolver.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type SmtpSink, startSmtpSink } from '../lib/peers/smtp-sink.ts'
import { policyPorts, transportSettings } from '../lib/transport-settings.ts'
import { until } from '../lib/until.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

interface Running {
  readonly sink: SmtpSink
  readonly engine: DeliveryEngine
  readonly queue: ReturnType<typeof createFakeQueue>
  readonly bugs: unknown[]
  readonly hop: string
}

async function start(options: readonly string[] = [], protocol = 'smtp'): Promise<Running> {
  const sink = await startSmtpSink(options)
  stops.push(() => sink.stop())
  const clock = systemClock
  const queue = createFakeQueue(() => clock.now())
  const pool = new ConnectionPool(standardPool, clock)
  const places = deliverySlots(clock)
  const bugs: unknown[] = []
  const hosts = createHostFinder(
    {
      peers: new Map(),
      peerTls: tlsPolicies.none,
      tls: tlsPolicies.may,
      mxPort: sink.port,
      ourNames: new Set(),
      ourAddresses: new Set(),
      addressLimit: 5,
    },
    { resolver: fakeResolver({ 'sink.test A': ['127.0.0.1'] }), random: systemRandom },
  )
  const transport = createSmtpTransport(transportSettings({ timeouts: { finalDot: 2000 } }), { clock })
  const agent = createAgent(standardAgent, {
    hosts,
    transport,
    pool,
    clock,
    replies: createReplyRules([]),
    policies: policyPorts(),
    limiter: new HostLimiter(clock),
    hostSlots: places.hostSlots,
    openBody: () => {
      throw new Error('nothing to stream')
    },
  })
  const log = {
    bug: (error: unknown) => bugs.push(error),
    error: () => undefined,
    info: () => undefined,
  }
  const engine = createDispatcher(
    { scheduler: defaultSchedulerSettings, ...standardDispatcher },
    { queue, agent, pool, clock, log, ...places, noticesDue: () => undefined },
  )
  stops.push(() => engine.drain(1000))
  return { sink, engine, queue, bugs, hop: protocol === 'smtp' ? 'mx:sink.test' : `lmtp:[127.0.0.1]:${sink.port}` }
}

function fill({ queue, hop }: Running, count: number): void {
  for (let i = 0; i < count; i++)
    queue.add({ nextHop: hop, to: [`r${i}@sink.test`], body: `.dot\r\n${'x'.repeat(i)}\r\n` })
}

describe.runIf(ensurePeers(['postfix']))('smtp-sink as next hop', () => {
  it('receives a backlog over a few connections', async () => {
    const running = await start()
    fill(running, 500)
    running.engine.start()
    await until(() => running.queue.count('delivered') === 500, { what: '500 delivered' })
    await running.engine.drain(1000)
    await running.sink.has(500, 5000)
    expect(running.sink.sessions()).toBeLessThanOrEqual(30)
    expect(running.bugs).toEqual([])
  })

  it('receives mail without PIPELINING, without ESMTP and over LMTP', async () => {
    for (const [options, protocol] of [
      [['-p'], 'smtp'],
      [['-e'], 'smtp'],
      [['-L'], 'lmtp'],
    ] as const) {
      const running = await start(options, protocol)
      fill(running, 20)
      running.engine.start()
      await until(() => running.queue.count('delivered') === 20, { what: `20 delivered with ${options.join()}` })
    }
  })

  it.each([
    [['-r', 'MAIL'], 'deferred'],
    [['-f', 'MAIL'], 'failed'],
    [['-r', 'RCPT'], 'deferred'],
    [['-f', 'RCPT'], 'failed'],
    [['-r', 'DATA'], 'deferred'],
    [['-f', 'DATA'], 'failed'],
    [['-r', '.'], 'deferred'],
    [['-f', '.'], 'failed'],
    [['-f', 'CONNECT'], 'deferred'],
    [['-f', 'EHLO,HELO'], 'deferred'],
    [['-q', 'CONNECT'], 'deferred'],
    [['-q', 'EHLO'], 'deferred'],
    [['-q', 'MAIL'], 'deferred'],
    [['-q', 'RCPT'], 'deferred'],
    [['-q', 'DATA'], 'deferred'],
    [['-q', '.'], 'deferred'],
    [['-Q', 'MAIL'], 'deferred'],
    [['-Q', 'RCPT'], 'deferred'],
    [['-Q', '.'], 'deferred'],
  ] as const)('with %s the mail is %s', async (options, state) => {
    const running = await start(options)
    fill(running, 3)
    running.engine.start()
    await until(() => running.queue.count(state) > 0, { what: state })
    expect(running.queue.count('delivered')).toBe(0)
    expect(running.queue.count(state === 'failed' ? 'deferred' : 'failed')).toBe(0)
    expect(running.bugs).toEqual([])
  })
})
