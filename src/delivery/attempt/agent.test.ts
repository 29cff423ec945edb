// One attempt over real connections to test hosts: the next host, reuse of connections, several transactions, what counts as an attempt.

import { deliverySlots } from '../../../test/lib/delivery-slots.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { startSmtpPeer, type PeerOptions, type SmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { createFakeQueue } from '../../../test/lib/fake-queue.ts'
import { loopbackTarget, policyPorts, transportSettings } from '../../../test/lib/transport-settings.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Claim } from '../../queue/contract/queue.ts'
import { type AgentSettings, standardAgent } from './agent.ts'
import { createAgent } from './attempt.ts'
import type { Hosts } from '../hosts/host-settings.ts'
import { ConnectionPool, type PoolSettings, standardPool } from './connection-pool.ts'
import { createReplyRules, type ReplyRule } from './reply-rules.ts'
import { HostLimiter, type SharedLimits } from './shared-limits.ts'
import type { Timeouts } from '../smtp-client/transport-settings.ts'
import type { TlsPolicy } from '../tls-policy/tls-policy.ts'
import { createSmtpTransport } from '../smtp-client/smtp-transport.ts'

const peers: SmtpPeer[] = []
const pools: ConnectionPool[] = []

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.abort()
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

interface Setting {
  readonly hosts?: Hosts
  readonly find?: () => Promise<Hosts>
  readonly timeouts?: Partial<Timeouts>
  readonly agent?: Partial<AgentSettings>
  readonly pool?: Partial<PoolSettings>
  readonly replies?: readonly ReplyRule[]
  /** Of all hosts. */
  readonly shared?: SharedLimits
  /** The TLS policy avoids this many hosts, from the first one on. */
  readonly avoided?: number
}

const avoidPolicy: TlsPolicy = {
  name: 'avoid',
  forHost: async () => ({
    kind: 'avoid',
    status: '4.7.5',
    text: 'TLSA look-up failed',
    failure: 'validation-failure',
  }),
}

async function setUp(hosts: readonly PeerOptions[], setting: Setting = {}) {
  const own = await Promise.all(hosts.map((options) => startSmtpPeer(options)))
  peers.push(...own)
  const pool = new ConnectionPool({ ...standardPool, ...setting.pool }, systemClock)
  pools.push(pool)
  const places = deliverySlots(systemClock, (address) => pool.idleTo(address))
  let lookUps = 0
  const limits = setting.shared ? { shared: setting.shared } : {}
  const targets = own.map((peer, i) => {
    const policy = i < (setting.avoided ?? 0) ? { tls: avoidPolicy } : {}
    return loopbackTarget(peer.port, { host: `mx${i + 1}.test`, ...limits, ...policy })
  })
  const limitClock = createFakeClock()
  const limiter = new HostLimiter(limitClock)
  const agent = createAgent(
    { ...standardAgent, ...setting.agent },
    {
      hosts: {
        find: async () => {
          lookUps++
          if (setting.find) return setting.find()
          return setting.hosts ?? { kind: 'targets', targets }
        },
      },
      transport: createSmtpTransport(
        transportSettings({ timeouts: { greeting: 100, mail: 100, finalDot: 100, ...setting.timeouts } }),
        { clock: systemClock },
      ),
      pool,
      clock: systemClock,
      replies: createReplyRules(setting.replies ?? []),
      policies: policyPorts(),
      limiter,
      hostSlots: places.hostSlots,
      openBody: () => {
        throw new Error('nothing to stream')
      },
    },
  )
  const send = async (to: readonly string[], sender = 'sender@example.org') => {
    const result = await agent.attempt(claimOf(to, sender))
    return {
      verdict: result.verdict,
      outcomes: result.outcomes.map(({ outcome }) => outcome),
      short: result.outcomes.map(({ outcome }) => `${outcome.kind} ${outcome.status}`),
    }
  }
  return { peers: own, agent, pool, limiter, limitClock, send, lookUps: () => lookUps }
}

function claimOf(to: readonly string[], sender: string | null): Claim {
  const [claim] = createFakeQueue(() => 0).addClaimed({ nextHop: 'mx:example.net', to, sender })
  return claim as Claim
}

describe('reuse', () => {
  it('sends many mails over one connection after one look-up', async () => {
    const {
      peers: [peer],
      send,
      lookUps,
    } = await setUp([{}])
    for (let i = 0; i < 5; i++) expect((await send([`r${i}@example.net`])).short).toEqual(['delivered 2.0.0'])
    expect(peer?.sessions).toBe(1)
    expect(lookUps()).toBe(1)
  })

  it('opens a new connection after the configured number of messages', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{}], { pool: { maxMessages: 2 } })
    for (let i = 0; i < 5; i++) await send([`r${i}@example.net`])
    expect(peer?.sessions).toBe(3)
  })

  it('does not count a kept connection that the peer closed', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ messagesPerSession: 1 }])
    for (let i = 0; i < 3; i++) {
      const { short, verdict } = await send([`r${i}@example.net`])
      expect(short).toEqual(['delivered 2.0.0'])
      expect(verdict).toBe('worked')
    }
    expect(peer?.sessions).toBe(3)
  })

  it.each(['disconnect', 'closing'] as const)(
    'does not count a kept connection that answers MAIL with %s',
    async (mood) => {
      const {
        peers: [peer],
        send,
      } = await setUp([{}])
      await send(['a@example.net'])
      peer?.change({ moods: { mail: mood }, moodsInSession: 1 })
      expect((await send(['b@example.net'])).short).toEqual(['delivered 2.0.0'])
      expect(peer?.sessions).toBe(2)
    },
  )

  it('does not count it if the peer does not support the first recipient', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ extensions: ['PIPELINING'] }])
    await send(['a@example.net'])
    peer?.change({ extensions: ['PIPELINING'], moods: { mail: 'disconnect' }, moodsInSession: 1 })
    expect((await send(['jörg@example.net', 'b@example.net'])).short).toEqual(['failed 5.6.7', 'delivered 2.0.0'])
  })

  it('uses the connection of another next hop that led to the same host', async () => {
    const {
      peers: [peer],
      agent,
      send,
    } = await setUp([{}])
    await send(['a@example.net'])
    const claim = claimOf(['b@other.example'], null)
    await agent.attempt({ ...claim, nextHop: 'mx:other.example' })
    expect(peer?.sessions).toBe(1)
    expect(peer?.messages).toHaveLength(2)
  })
})

describe('the next host', () => {
  it.each([
    ['connect', 'permfail'],
    ['connect', 'tempfail'],
    ['connect', 'disconnect'],
    ['connect', 'stall'],
    ['connect', 'closing'],
    ['ehlo', 'tempfail'],
    ['mail', 'tempfail'],
    ['mail', 'disconnect'],
    ['rcpt', 'tempfail'],
    ['data', 'tempfail'],
    ['dot', 'tempfail'],
  ] as const)('is tried after %s %s', async (stage, mood) => {
    const {
      peers: [, second],
      send,
    } = await setUp([{ moods: { [stage]: mood } }, {}])
    const { short, outcomes } = await send(['a@example.net'])
    expect(short).toEqual(['delivered 2.0.0'])
    expect(outcomes[0]?.host).toBe(`mx2.test[127.0.0.1]:${second?.port}`)
  })

  it.each([
    ['mail', 'permfail', 'failed 5.1.1'],
    ['rcpt', 'permfail', 'failed 5.1.1'],
    ['dot', 'permfail', 'failed 5.1.1'],
    ['dot', 'disconnect', 'deferred 4.4.2'],
    ['dot', 'stall', 'deferred 4.4.2'],
  ] as const)('but not after %s %s', async (stage, mood, expected) => {
    const {
      peers: [, second],
      send,
    } = await setUp([{ moods: { [stage]: mood } }, {}])
    expect((await send(['a@example.net'])).short).toEqual([expected])
    expect(second?.messages).toHaveLength(0)
  })

  it('gets only the recipients without a final outcome', async () => {
    const {
      peers: [first, second],
      send,
    } = await setUp([{}, {}])
    second?.change({ replies: { rcpt: '250 2.1.5 welcome' } })
    const { outcomes } = await send(['a@example.net', 'permfail-rcpt@example.net', 'disconnect-rcpt@example.net'])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['deferred', 'failed', 'deferred'])
    expect(first?.messages).toHaveLength(0)
    expect(second?.commands.map(({ line }) => line)).toEqual(
      expect.arrayContaining(['RCPT TO:<a@example.net>', 'RCPT TO:<disconnect-rcpt@example.net>']),
    )
    expect(second?.commands.map(({ line }) => line)).not.toContain('RCPT TO:<permfail-rcpt@example.net>')
  })

  it('does not replace the reply of the first host if it cannot be reached', async () => {
    const wait: ReplyRule = { name: 'wait', class: 'greylisted', code: ['450'], retry: 120_000, pause: 60_000 }
    const { peers: own, agent, send } = await setUp([{ moods: { rcpt: 'tempfail' } }, {}], { replies: [wait] })
    await own[1]?.close()
    const { outcomes, pauseMs } = await agent.attempt(claimOf(['a@example.net'], null))
    expect(outcomes[0]?.outcome).toMatchObject({
      replyClass: 'greylisted',
      host: `mx1.test[127.0.0.1]:${own[0]?.port}`,
    })
    expect(pauseMs).toBe(60_000)
    own[0]?.change({ moods: { data: 'disconnect' } })
    expect(await send(['b@example.net'])).toMatchObject({ short: ['deferred 4.4.2'], verdict: 'trouble' })
  })

  it('is tried after addresses that do not answer, but not after two sessions', async () => {
    const bad = { moods: { connect: 'tempfail' as const } }
    const {
      peers: [, , third],
      send,
    } = await setUp([bad, bad, {}])
    const { short, verdict } = await send(['a@example.net'])
    expect(short).toEqual(['deferred 4.2.0'])
    expect(verdict).toBe('unreachable')
    expect(third?.sessions).toBe(0)
    const dead = await setUp([{}, {}, {}])
    await dead.peers[0]?.close()
    await dead.peers[1]?.close()
    expect((await dead.send(['a@example.net'])).short).toEqual(['delivered 2.0.0'])
  })
})

describe('a host that the TLS policy avoids', () => {
  it('uses up no session: the next host gets the message', async () => {
    const { peers: own, send } = await setUp([{}, {}, {}], { avoided: 2, agent: { sessionLimit: 1 } })
    expect((await send(['a@there.test'])).short).toEqual(['delivered 2.0.0'])
    expect(own.map((peer) => peer.sessions)).toEqual([0, 0, 1])
  })

  it('defers the message if there is no other, and the outcome names the failure', async () => {
    const { send } = await setUp([{}], { avoided: 1 })
    const { outcomes, verdict } = await send(['a@there.test'])
    expect(verdict).toBe('unreachable')
    expect(outcomes).toMatchObject([
      {
        kind: 'deferred',
        scope: 'site',
        status: '4.7.5',
        tls: { level: 'none', policy: 'avoid', failure: 'validation-failure' },
      },
    ])
  })
})

describe('verdict', () => {
  it('is unreachable if no host answers', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{}])
    await peer?.close()
    const { short, verdict, outcomes } = await send(['a@example.net'])
    expect(short).toEqual(['deferred 4.4.1'])
    expect(outcomes[0]).toMatchObject({ scope: 'site', reply: 'Connection failed: ECONNREFUSED' })
    expect(verdict).toBe('unreachable')
  })

  it('is trouble after a lost session, but not after a refusal', async () => {
    const { send } = await setUp([{}])
    expect((await send(['disconnect-data@example.net'])).verdict).toBe('trouble')
    expect((await send(['permfail-rcpt@example.net'])).verdict).toBe('worked')
    expect((await send(['tempfail-rcpt@example.net'])).verdict).toBe('worked')
  })

  it('is trouble, not unreachable, after a 421 greeting', async () => {
    const { send } = await setUp([{ moods: { connect: 'closing' } }])
    expect((await send(['a@example.net'])).verdict).toBe('trouble')
  })
})

describe('recipients', () => {
  it('are split into several transactions of one session', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{}], { agent: { recipientLimit: 3 } })
    const { short } = await send(Array.from({ length: 8 }, (_, i) => `r${i}@example.net`))
    expect(short).toEqual(Array(8).fill('delivered 2.0.0'))
    expect(peer?.sessions).toBe(1)
    expect(peer?.messages.map(({ rcpts }) => rcpts.length)).toEqual([3, 3, 2])
  })

  it('are sent in another transaction if the host accepts only some at a time', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ recipientLimit: 2 }])
    const { short } = await send(Array.from({ length: 5 }, (_, i) => `r${i}@example.net`))
    expect(short).toEqual(Array(5).fill('delivered 2.0.0'))
    expect(peer?.messages.map(({ rcpts }) => rcpts.length)).toEqual([2, 2, 1])
  })

  it('are sent over a new connection to a host that closes after each transaction', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ recipientLimit: 1, messagesPerSession: 1 }])
    const { short, verdict } = await send(['a@example.net', 'b@example.net', 'c@example.net'])
    expect(short).toEqual(['delivered 2.0.0', 'delivered 2.0.0', 'deferred 4.5.3'])
    expect(verdict).toBe('worked')
    expect(peer?.sessions).toBe(2)
  })

  it.each(['550 5.5.3 no more', '554 5.5.3 no more', '552 no more', '452 4.5.3 no more'])(
    'beyond the limit of the host are sent in another transaction: %s',
    async (tooMany) => {
      const {
        peers: [peer],
        send,
      } = await setUp([{ recipientLimit: 2, tooMany }])
      expect((await send(['a@example.net', 'b@example.net', 'c@example.net'])).short).toEqual(
        Array(3).fill('delivered 2.0.0'),
      )
      expect(peer?.messages.map(({ rcpts }) => rcpts.length)).toEqual([2, 1])
    },
  )

  it('are sent to fewer at a time if the host refuses the message for their number', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ messageRecipientLimit: 2 }])
    const { short } = await send(Array.from({ length: 5 }, (_, i) => `r${i}@example.net`))
    expect(short).toEqual(Array(5).fill('delivered 2.0.0'))
    expect(peer?.messages.map(({ rcpts }) => rcpts.length)).toEqual([2, 2, 1])
    expect(peer?.sessions).toBe(1)
  })

  it('are not sent again to a host that accepts none of them', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ recipientLimit: 0 }])
    const { short } = await send(['a@example.net', 'b@example.net'])
    expect(short).toEqual(['deferred 4.5.3', 'deferred 4.5.3'])
    expect(peer?.commands.filter(({ line }) => line.startsWith('MAIL'))).toHaveLength(1)
  })
})

describe('the time of an attempt', () => {
  it('ends a session that is slow at every step, at the next host as well', async () => {
    const slow = { delayMs: 60 }
    const {
      peers: [first, second, third],
      send,
    } = await setUp([slow, slow, {}], { agent: { attemptMs: 200, recipientMs: 0, sessionLimit: 5 } })
    const { outcomes, verdict } = await send(['a@example.net'])
    expect(outcomes).toMatchObject([{ kind: 'deferred', reply: expect.stringContaining('took too long') }])
    expect(verdict).not.toBe('worked')
    expect((first?.sessions ?? 0) + (second?.sessions ?? 0)).toBeGreaterThan(0)
    expect(third?.sessions).toBe(0)
    expect(first?.messages).toHaveLength(0)
  })

  it('does not end the wait for the reply to the message, but begins no further transaction', async () => {
    const {
      peers: [peer],
      send,
    } = await setUp([{ recipientLimit: 1, delays: { dot: 400 } }], {
      agent: { attemptMs: 200, recipientMs: 0 },
      timeouts: { finalDot: 5000 },
    })
    const { short, outcomes } = await send(['a@example.net', 'b@example.net'])
    expect(short).toEqual(['delivered 2.0.0', 'deferred 4.5.3'])
    expect(outcomes[1]).toMatchObject({ reply: '452 4.5.3 too many recipients' })
    expect(peer?.messages).toHaveLength(1)
  })

  it('ends a look-up of hosts that does not return', async () => {
    const { send } = await setUp([], { agent: { attemptMs: 50, recipientMs: 0 }, find: () => new Promise(() => {}) })
    const { outcomes, verdict } = await send(['a@example.net'])
    expect(outcomes).toMatchObject([{ kind: 'deferred', scope: 'site', status: '4.4.3' }])
    expect(verdict).toBe('unreachable')
  })
})

describe('next hops without hosts', () => {
  it('fail or defer as the look-up says', async () => {
    const none = { kind: 'none', status: '5.1.2', reply: 'Domain example.net does not exist' } as const
    const gone = await setUp([], { hosts: { ...none, permanent: true } })
    expect(await gone.send(['a@example.net'])).toMatchObject({ short: ['failed 5.1.2'], verdict: 'worked' })
    const broken = await setUp([], { hosts: { ...none, status: '4.4.3', permanent: false } })
    expect(await broken.send(['a@example.net'])).toMatchObject({ short: ['deferred 4.4.3'], verdict: 'unreachable' })
  })
})

describe('reply rules', () => {
  const slow: ReplyRule = { name: 'slow', class: 'rate-limited', code: ['450'], pause: 60_000, retry: 120_000 }

  it('classify a refusal, set the next attempt and pause the destination', async () => {
    const { agent } = await setUp([{ moods: { rcpt: 'tempfail' } }], { replies: [slow] })
    const before = systemClock.now()
    const { outcomes, verdict, pauseMs } = await agent.attempt(claimOf(['a@there.test'], null))
    const [first] = outcomes
    expect(first?.outcome).toMatchObject({ kind: 'deferred', replyClass: 'rate-limited' })
    const retryAt = first?.outcome.kind === 'deferred' ? first.outcome.retryAt : null
    expect((retryAt ?? 0) - before).toBeGreaterThanOrEqual(120_000)
    expect({ verdict, pauseMs }).toEqual({ verdict: 'trouble', pauseMs: 60_000 })
  })

  it('do not pause a destination whose next host accepts the message', async () => {
    const { agent } = await setUp([{ moods: { rcpt: 'tempfail' } }, {}], { replies: [slow] })
    expect(await agent.attempt(claimOf(['a@there.test'], null))).toMatchObject({ verdict: 'worked', pauseMs: 0 })
  })

  it('match the host name and the stage', async () => {
    const here: ReplyRule = { ...slow, host: ['mx1.test'], at: ['greeting'] }
    const greeting = await setUp([{ replies: { connect: '450 4.7.1 later' } }], { replies: [here] })
    expect((await greeting.agent.attempt(claimOf(['a@there.test'], null))).pauseMs).toBe(60_000)
    const rcpt = await setUp([{ moods: { rcpt: 'tempfail' } }], { replies: [here] })
    expect((await rcpt.agent.attempt(claimOf(['a@there.test'], null))).pauseMs).toBe(0)
  })
})

describe('shared limits', () => {
  const shared: SharedLimits = { name: '*.test', concurrency: 1, intervalMs: 0 }

  it('postpone an attempt before a connection, and allow the next one', async () => {
    const { agent, limiter, peers: own } = await setUp([{}, {}], { shared })
    limiter.acquire(shared, 'mx:other.example')
    const attempt = () => agent.attempt(claimOf(['a@there.test'], null))
    expect(await attempt()).toMatchObject({ outcomes: [], verdict: 'unused', postponeMs: 1000 })
    expect(own.map((peer) => peer.sessions)).toEqual([0, 0])
    limiter.release(shared)
    expect(await attempt()).toMatchObject({ verdict: 'worked', outcomes: [{ outcome: { kind: 'delivered' } }] })
    // The slot was released. The limit also applies to a kept connection.
    limiter.acquire(shared, 'mx:other.example')
    expect(await attempt()).toMatchObject({ outcomes: [], postponeMs: 1000 })
    limiter.release(shared)
    expect(await attempt()).toMatchObject({ verdict: 'worked' })
    expect(own[0]?.sessions).toBe(1)
  })

  it('release the slot if the host cannot be reached', async () => {
    const { agent, limiter } = await setUp([{ moods: { connect: 'disconnect' } }], { shared })
    expect((await agent.attempt(claimOf(['a@there.test'], null))).verdict).toBe('unreachable')
    expect(limiter.acquire(shared, 'mx:other.example')).toEqual({ kind: 'acquired' })
  })

  it('allow the next host to an attempt that has a slot', async () => {
    const slow: SharedLimits = { name: '*.test', concurrency: 1, intervalMs: 60_000 }
    const { peers: own, send, limiter, limitClock } = await setUp([{}, {}], { shared: slow })
    await own[0]?.close()
    expect((await send(['a@there.test'])).short).toEqual(['delivered 2.0.0'])
    await limitClock.advance(60_000)
    expect(limiter.acquire(slow, 'mx:other.example')).toEqual({ kind: 'acquired' })
  })

  it('do not allow it if the first host asks for a pause', async () => {
    const rest: ReplyRule = { name: 'slow', class: 'rate-limited', code: ['450'], pause: 60_000 }
    const { peers: own, send } = await setUp([{ moods: { rcpt: 'tempfail' } }, {}], { shared, replies: [rest] })
    expect((await send(['a@there.test'])).short).toEqual(['deferred 4.2.0'])
    expect(own[1]?.sessions).toBe(0)
  })

  it('apply the pause that a host asks for', async () => {
    const rest: ReplyRule = { name: 'slow', class: 'rate-limited', code: ['450'], pause: 60_000 }
    const { agent, limiter } = await setUp([{ moods: { rcpt: 'tempfail' } }], { shared, replies: [rest] })
    await agent.attempt(claimOf(['a@there.test'], null))
    const entry = limiter.acquire(shared, 'mx:other.example')
    expect(entry.kind === 'full' && entry.waitMs > 50_000).toBe(true)
  })
})
