// The engine with a host that accepts two connections at a time: mail flows over two, and no attempt fails.

import { afterEach, describe, expect, it } from 'vitest'
import { startDeliveryEngine } from '../../../test/lib/delivery-engine.ts'
import { type PeerOptions, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { until } from '../../../test/lib/until.ts'
import type { ReplyRule } from '../attempt/reply-rules.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const rules: readonly ReplyRule[] = [
  { name: 'limit', class: 'rate-limited', text: /too many/iu, fewer_connections: true, pause: 120_000 },
  { name: 'stop', class: 'server-trouble', text: /shutting down/iu, fewer_connections: false },
]
const DOMAINS = ['one.test', 'two.test', 'three.test', 'four.test']

async function setUp(options: PeerOptions) {
  const peer = await startSmtpPeer({ delays: { dot: 10 }, ...options })
  stops.push(() => peer.close())
  const { send, kinds, stop } = await startDeliveryEngine({ port: peer.port, domains: DOMAINS, rules })
  stops.push(stop)
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

it('a host that is shutting down is no host that is full', async () => {
  const { peer, send, kinds } = await setUp({
    sessionLimit: { most: 1, at: 'connect', reply: '421 4.3.2 shutting down' },
    delays: { dot: 500 },
  })
  for (let i = 0; i < 3; i++) await send('one.test')
  await until(() => kinds.includes('deferred'), { what: 'a deferral' })
  expect(peer.refusedSessions).toBeGreaterThan(0)
})
