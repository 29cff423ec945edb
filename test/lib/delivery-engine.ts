// A delivery engine on a real queue that sends to one SMTP server on loopback, which is the mail host of every domain of the test.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { standardAgent } from '../../src/delivery/attempt/agent.ts'
import { createAgent } from '../../src/delivery/attempt/attempt.ts'
import { ConnectionPool, standardPool } from '../../src/delivery/attempt/connection-pool.ts'
import { createReplyRules, type ReplyRule } from '../../src/delivery/attempt/reply-rules.ts'
import { HostLimiter } from '../../src/delivery/attempt/shared-limits.ts'
import { createDispatcher, standardDispatcher } from '../../src/delivery/dispatcher.ts'
import { createHostFinder } from '../../src/delivery/hosts/host-finder.ts'
import { createSmtpTransport } from '../../src/delivery/smtp-client/smtp-transport.ts'
import { tlsPolicies } from '../../src/delivery/tls-policy/configured-policies.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { defaultRetrySettings } from '../../src/queue/scheduling/retry-schedule.ts'
import { defaultSchedulerSettings } from '../../src/queue/scheduling/scheduler.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import { plainMail, plainRecipient } from '../../src/smtp/envelope.ts'
import { deliverySlots } from './delivery-slots.ts'
import { fakeResolver } from './fake-resolver.ts'
import { policyPorts, transportSettings } from './transport-settings.ts'

export interface DeliveryEngineSettings {
  /** Of the server at 127.0.0.1. */
  readonly port: number
  readonly domains: readonly string[]
  readonly rules: readonly ReplyRule[]
}

export interface RunningEngine {
  /** Queues a message to a new recipient of the domain. */
  readonly send: (domain: string) => Promise<void>
  /** Kinds of the events so far. */
  readonly kinds: readonly string[]
  readonly stop: () => Promise<void>
}

const clock = systemClock

export async function startDeliveryEngine({ port, domains, rules }: DeliveryEngineSettings): Promise<RunningEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'waypost-engine-'))
  const queue = await openQueue(
    { directory, retry: defaultRetrySettings, reserveBytes: 0 },
    { clock, randomBytes: systemRandom },
  )
  const pool = new ConnectionPool(standardPool, clock)
  const places = deliverySlots(clock, (address) => pool.idleTo(address))
  const agent = createAgent(standardAgent, {
    pool,
    clock,
    openBody: (body) => queue.openBody(body),
    replies: createReplyRules(rules),
    policies: policyPorts(),
    limiter: new HostLimiter(clock, places.waiting),
    hostSlots: places.hostSlots,
    transport: createSmtpTransport(transportSettings(), { clock }),
    hosts: createHostFinder(hostSettings(port), {
      resolver: fakeResolver(Object.fromEntries(domains.map((name) => [`${name} A`, ['127.0.0.1']]))),
      random: systemRandom,
    }),
  })
  const log = { bug: () => undefined, error: () => undefined, info: () => undefined }
  const engine = createDispatcher(
    { ...standardDispatcher, scheduler: defaultSchedulerSettings },
    { queue, agent, pool, clock, log, ...places, noticesDue: () => undefined },
  )
  const kinds: string[] = []
  queue.subscribe((events) => kinds.push(...events.map(({ kind }) => kind)))
  engine.start()
  let next = 0
  return {
    kinds,
    send: async (domain) => {
      const message = messageTo(`r${++next}@${domain}`, next)
      engine.takeClaims(await queue.accept(message, { claim: engine.hasCapacity(`mx:${domain}`) }))
    },
    stop: async () => {
      await engine.drain(200)
      await queue.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function hostSettings(mxPort: number) {
  return {
    peers: new Map(),
    peerTls: tlsPolicies.none,
    tls: tlsPolicies.none,
    mxPort,
    ourNames: new Set<string>(),
    ourAddresses: new Set<string>(),
    addressLimit: 5,
  }
}

function messageTo(address: string, number: number) {
  const reversePath = 'kim@example.org'
  const nextHop = `mx:${address.split('@')[1]}`
  return {
    queueId: `4f1zC${number}`,
    arrivedAt: clock.now(),
    origin: { kind: 'internet' as const },
    sender: reversePath,
    parameters: plainMail,
    header: Buffer.from('From: kim@example.org\r\nSubject: Hello\r\n\r\n'),
    body: { kind: 'inline' as const, bytes: Buffer.from('Hello.\r\n') },
    senderProven: true,
    recipients: [{ address, original: address, reversePath, nextHop, private: false, parameters: plainRecipient }],
    events: [],
  }
}
