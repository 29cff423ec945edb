// Delivery and bounce with the real queue and a real connection: messages are delivered, deferred, refused, and returned as DSNs.

import { deliverySlots } from '../../test/lib/delivery-slots.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { startSmtpPeer, type PeerOptions, type SmtpPeer } from '../../test/lib/smtp-peer.ts'
import { policyPorts, transportSettings } from '../../test/lib/transport-settings.ts'
import { until } from '../../test/lib/until.ts'
import { createNotifier } from '../bounce/notify.ts'
import { systemClock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { openQueue } from '../queue/sqlite/open-queue.ts'
import type { NewMessage, NewRecipient } from '../queue/contract/queue.ts'
import { defaultRetrySettings } from '../queue/scheduling/retry-schedule.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { standardAgent } from './attempt/agent.ts'
import { createAgent } from './attempt/attempt.ts'
import { createDispatcher, standardDispatcher } from './dispatcher.ts'
import { createHostFinder } from './hosts/host-finder.ts'
import { ConnectionPool, standardPool } from './attempt/connection-pool.ts'
import { createReplyRules } from './attempt/reply-rules.ts'
import { HostLimiter } from './attempt/shared-limits.ts'
import { createSmtpTransport } from './smtp-client/smtp-transport.ts'
import { tlsPolicies } from './tls-policy/configured-policies.ts'

const clock = systemClock
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function setUp(options: PeerOptions = {}, minimalGapMs = 60_000) {
  const directory = await mkdtemp(join(tmpdir(), 'waypost-engine-'))
  stops.push(() => rm(directory, { recursive: true, force: true }))
  const retry = { ...defaultRetrySettings, minimalGapMs, maximalGapMs: Math.max(minimalGapMs, 1000) }
  const queue = await openQueue({ directory, retry, reserveBytes: 0 }, { clock, randomBytes: systemRandom })
  stops.push(() => queue.close())
  const peer = await startSmtpPeer(options)
  stops.push(() => peer.close())
  const bugs: unknown[] = []
  const log = {
    bug: (error: unknown) => bugs.push(error),
    error: () => undefined,
    info: () => undefined,
  }
  const pool = new ConnectionPool(standardPool, clock)
  const places = deliverySlots(clock)
  const agent = createAgent(standardAgent, {
    pool,
    clock,
    openBody: (body) => queue.openBody(body),
    replies: createReplyRules([]),
    policies: policyPorts(),
    limiter: new HostLimiter(clock),
    hostSlots: places.hostSlots,
    transport: createSmtpTransport(transportSettings(), { clock }),
    hosts: createHostFinder(hostSettings(peer), {
      resolver: fakeResolver({ 'there.test A': ['127.0.0.1'] }),
      random: systemRandom,
    }),
  })
  const scheduler = { ...defaultSchedulerSettings, unreachableMs: minimalGapMs }
  const engine = createDispatcher(
    { ...standardDispatcher, scheduler },
    { queue, agent, pool, clock, log, ...places, noticesDue: () => notifier.due() },
  )
  const notifier = createNotifier(
    { hostname: 'us.test', from: 'postmaster@us.test', fromName: 'Mail Delivery System', sizeLimit: 50_000 },
    {
      queue,
      clock,
      random: systemRandom,
      log: { warn: ({ cause }) => bugs.push(cause) },
      intake: {
        prepare: async (own) => ({
          ...messageTo([own.recipient], { sender: null }),
          header: own.header,
          body: { kind: 'inline', bytes: own.body },
        }),
      },
    },
  )
  stops.push(() => engine.drain(500))
  stops.push(() => notifier.stop())
  engine.start()
  notifier.start()
  const send = async (message: NewMessage) => {
    const claims = await queue.accept(message, { claim: engine.hasCapacity('mx:there.test') })
    engine.takeClaims(claims)
  }
  const arrived = (count: number) => until(() => peer.messages.length >= count, { what: `${count} messages` })
  return { queue, peer, engine, send, arrived, bugs }
}

function hostSettings(peer: SmtpPeer) {
  return {
    peers: new Map(),
    peerTls: tlsPolicies.none,
    tls: tlsPolicies.may,
    mxPort: peer.port,
    ourNames: new Set<string>(),
    ourAddresses: new Set<string>(),
    addressLimit: 5,
  }
}

let nextId = 1
function messageTo(to: readonly string[], changes: Partial<NewMessage> & Partial<NewRecipient> = {}): NewMessage {
  const { sender = 'kim@there.test' } = changes
  const recipients = to.map((address) => ({
    address,
    original: changes.original ?? address,
    reversePath: sender,
    nextHop: 'mx:there.test',
    private: changes.private ?? false,
    parameters: plainRecipient,
  }))
  return {
    queueId: `4f1zQ${nextId++}`,
    arrivedAt: clock.now(),
    origin: { kind: 'internet' },
    sender,
    parameters: plainMail,
    header: Buffer.from('Subject: Minutes\r\n\r\n'),
    body: changes.body ?? { kind: 'inline', bytes: Buffer.from('Hello.\r\n') },
    senderProven: true,
    recipients,
    events: [],
  }
}

describe('the engine on the real queue', () => {
  it('delivers many messages, claimed at acceptance or later', async () => {
    const { send, arrived, queue, peer, bugs } = await setUp()
    await Promise.all(Array.from({ length: 200 }, (_, i) => send(messageTo([`r${i}@there.test`]))))
    await arrived(200)
    await until(() => queue.destinations().length === 0, { what: 'an empty queue' })
    expect(peer.sessions).toBeLessThanOrEqual(20)
    expect(bugs).toEqual([])
  })

  it('streams a body from the spool', async () => {
    const { send, arrived, queue, peer } = await setUp()
    const spool = await queue.createSpoolFile()
    const text = '.a line that begins with a dot\r\n'.repeat(10_000)
    await new Promise<void>((resolve, reject) => {
      Readable.from([Buffer.from(text)])
        .pipe(spool.stream)
        .on('finish', resolve)
        .on('error', reject)
    })
    const { size } = await spool.finish()
    await send(messageTo(['big@there.test'], { body: { kind: 'spool', file: spool.file, size } }))
    await arrived(1)
    expect(peer.messages[0]?.data.toString()).toBe(`Subject: Minutes\r\n\r\n${text}`)
  })

  it('sends a DSN for a refused recipient, and delivers to the others', async () => {
    const { send, arrived, peer, bugs } = await setUp()
    await send(messageTo(['good@there.test', 'permfail-rcpt@there.test']))
    await arrived(2)
    const report = peer.messages[1]
    expect(report?.mail).toMatch(/^MAIL FROM:<> /)
    expect(report?.rcpts).toEqual(['RCPT TO:<kim@there.test> NOTIFY=NEVER'])
    expect(report?.data.toString()).toContain('Final-Recipient: rfc822;permfail-rcpt@there.test')
    expect(report?.data.toString()).not.toContain('rfc822;good@there.test')
    expect(bugs).toEqual([])
  })

  it('sends no DSN about a DSN that is refused', async () => {
    const { send, queue, peer } = await setUp()
    await send(messageTo(['permfail-rcpt@there.test'], { sender: null }))
    await until(
      async () => (await queue.noticeTasks({ limit: 1, now: clock.now() })).length === 0 && peer.commands.length > 3,
      {
        what: 'the end of the notice',
      },
    )
    expect(peer.messages).toHaveLength(0)
  })

  it('does not name the destination of a private recipient', async () => {
    const { send, arrived, peer } = await setUp({ replies: { rcpt: '250 ok' } })
    await send(messageTo(['permfail-rcpt+jane@there.test'], { private: true, original: 'press@us.test' }))
    await arrived(1)
    const text = peer.messages[0]?.data.toString() ?? ''
    expect(text).toContain('Final-Recipient: rfc822;press@us.test')
    expect(text).not.toMatch(/jane|127\.0\.0\.1|Remote-MTA/)
  })

  it('tries again after a temporary refusal and after a failed connection', async () => {
    const { send, arrived, peer } = await setUp({ moods: { rcpt: 'tempfail' } }, 200)
    await send(messageTo(['later@there.test']))
    await until(() => peer.commands.some(({ line }) => line.startsWith('RCPT')), { what: 'the first attempt' })
    // The kept connection is closed too.
    peer.change({ moods: { connect: 'disconnect', mail: 'disconnect' } })
    await until(() => peer.sessions >= 3, { what: 'an attempt that fails to connect' })
    expect(peer.messages).toHaveLength(0)
    peer.change({})
    await arrived(1)
    expect(peer.messages[0]?.rcpts).toEqual(['RCPT TO:<later@there.test>'])
  })
})
