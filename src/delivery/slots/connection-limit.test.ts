// The engine with a host that accepts two connections at a time: mail flows over two, and no attempt fails.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { deliverySlots } from '../../../test/lib/delivery-slots.ts'
import { fakeResolver } from '../../../test/lib/fake-resolver.ts'
import { type PeerOptions, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { transportSettings } from '../../../test/lib/transport-settings.ts'
import { until } from '../../../test/lib/until.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { openQueue } from '../../queue/sqlite/open-queue.ts'
import { defaultRetrySettings } from '../../queue/scheduling/retry-schedule.ts'
import { defaultSchedulerSettings } from '../../queue/scheduling/scheduler.ts'
import { plainMail, plainRecipient } from '../../smtp/envelope.ts'
import { standardAgent } from '../attempt/agent.ts'
import { createAgent } from '../attempt/attempt.ts'
import { ConnectionPool, standardPool } from '../attempt/connection-pool.ts'
import { createReplyRules, type ReplyRule } from '../attempt/reply-rules.ts'
import { HostLimiter } from '../attempt/shared-limits.ts'
import { createDispatcher, standardDispatcher } from '../dispatcher.ts'
import { createHostFinder } from '../hosts/host-finder.ts'
import { createSmtpTransport } from '../smtp-client/smtp-transport.ts'
import { tlsPolicies } from '../tls-policy/configured-policies.ts'

const clock = systemClock
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const rules: readonly ReplyRule[] = [
  { name: 'limit', class: 'rate-limited', text: /too many/iu, fewer_connections: true, pause: 120_000 },
]
const DOMAINS = ['one.test', 'two.test', 'three.test', 'four.test']

async function setUp(options: PeerOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'waypost-connections-'))
  stops.push(() => rm(directory, { recursive: true, force: true }))
  const queue = await openQueue(
    { directory, retry: defaultRetrySettings, reserveBytes: 0 },
    { clock, randomBytes: systemRandom },
  )
  stops.push(() => queue.close())
  const peer = await startSmtpPeer({ delays: { dot: 10 }, ...options })
  stops.push(() => peer.close())
  const pool = new ConnectionPool(standardPool, clock)
  const places = deliverySlots(clock, (address) => pool.idleTo(address))
  const agent = createAgent(standardAgent, {
    pool,
    clock,
    openBody: (body) => queue.openBody(body),
    replies: createReplyRules(rules),
    limiter: new HostLimiter(clock),
    hostSlots: places.hostSlots,
    transport: createSmtpTransport(transportSettings(), { clock }),
    hosts: createHostFinder(
      {
        peers: new Map(),
        peerTls: tlsPolicies.none,
        tls: tlsPolicies.none,
        mxPort: peer.port,
        ourNames: new Set(),
        ourAddresses: new Set(),
        addressLimit: 5,
      },
      {
        resolver: fakeResolver(Object.fromEntries(DOMAINS.map((name) => [`${name} A`, ['127.0.0.1']]))),
        random: systemRandom,
      },
    ),
  })
  const log = { bug: () => undefined, error: () => undefined, info: () => undefined }
  const engine = createDispatcher(
    { ...standardDispatcher, scheduler: defaultSchedulerSettings },
    { queue, agent, pool, clock, log, ...places, noticesDue: () => undefined },
  )
  stops.push(() => engine.drain(200))
  const kinds: string[] = []
  queue.subscribe((events) => kinds.push(...events.map(({ kind }) => kind)))
  let next = 0
  const send = async (domain: string) => {
    const address = `r${++next}@${domain}`
    const nextHop = `mx:${domain}`
    const claims = await queue.accept(
      {
        queueId: `4f1zC${next}`,
        arrivedAt: clock.now(),
        origin: { kind: 'internet' },
        sender: 'kim@example.org',
        parameters: plainMail,
        header: Buffer.from('Subject: Hello\r\n\r\n'),
        body: { kind: 'inline', bytes: Buffer.from('Hello.\r\n') },
        senderProven: true,
        recipients: [
          {
            address,
            original: address,
            reversePath: 'kim@example.org',
            nextHop,
            private: false,
            parameters: plainRecipient,
          },
        ],
        events: [],
      },
      { claim: engine.hasCapacity(nextHop) },
    )
    engine.takeClaims(claims)
  }
  engine.start()
  return { peer, send, kinds }
}

const limits = [
  { at: 'connect', reply: '421 4.7.0 Error: too many connections from 192.0.2.1' },
  { at: 'connect', reply: '421 4.3.2 Service not available' },
  { at: 'mail', reply: '450 4.7.1 too many concurrent sessions' },
] as const

describe.each(limits)('a host that accepts two connections and answers others at $at: $reply', (limit) => {
  it('is served over two, and no attempt fails', async () => {
    const { peer, send, kinds } = await setUp({ sessionLimit: { most: 2, ...limit } })
    for (let i = 0; i < 30; i++) await send('one.test')
    await until(() => peer.messages.length === 30, { what: '30 messages' })
    expect(kinds).not.toContain('deferred')
    expect(new Set(peer.messages.map(({ session }) => session)).size).toBeGreaterThanOrEqual(2)
    expect(peer.refusedSessions).toBeLessThanOrEqual(4)
  })

  it('is served in turn for many domains, and idle connections make place for others', async () => {
    const { peer, send, kinds } = await setUp({ sessionLimit: { most: 2, ...limit } })
    for (let i = 0; i < 20; i++) await send(DOMAINS[i % DOMAINS.length] as string)
    await until(() => peer.messages.length === 20, { what: '20 messages' })
    expect(kinds).not.toContain('deferred')
  })
})

it('a host that refuses the only connection is not asked again at once: that is a failed attempt', async () => {
  const { peer, send, kinds } = await setUp({
    sessionLimit: { most: 0, at: 'connect', reply: '421 4.7.0 too many connections' },
  })
  for (let i = 0; i < 10; i++) await send('one.test')
  await until(() => kinds.includes('deferred'), { what: 'a deferral' })
  expect(peer.refusedSessions).toBeLessThanOrEqual(10)
  expect(kinds).not.toContain('delivered')
})
