import { expect, test } from 'vitest'
import type { Agent } from '../delivery/attempt/agent.ts'
import type { Claim } from '../queue/contract/queue.ts'
import { PROBE_HOP } from '../smtp/nexthop.ts'
import { makeProbeId } from '../smtp/probe-token.ts'
import { type ProbeArrival, takeProbes } from './probe-arrival.ts'

const secret = 'a secret only for tests'
const arrivedAt = Date.parse('2026-11-30T03:00:00Z')
const settings = { hostname: 'mx-01.example.org', secrets: [secret] }

function setUp() {
  const arrived: ProbeArrival[] = []
  const attempted: Claim[] = []
  const others: Agent = {
    attempt: async (claim) => {
      attempted.push(claim)
      return { outcomes: [], verdict: 'worked', pauseMs: 0 }
    },
  }
  const agent = takeProbes(others, settings, async (one) => void arrived.push(one))
  return { agent, arrived, attempted }
}

const claimOf = (messageId: string, { nextHop = PROBE_HOP, address = 'probe@example.org' } = {}): Claim =>
  ({
    nextHop,
    message: { header: Buffer.from(`Message-ID: ${messageId}\r\n\r\n`), arrivedAt },
    recipients: [{ recipientId: 7, address, attempt: 1 }],
  }) as unknown as Claim

const idOf = (origin: string, isReturning = true) =>
  makeProbeId({ origin, isReturning, target: 'google', sentAt: arrivedAt - 1000, id: '0123456789abcdef' }, secret)

test('a probe of this node arrives', async () => {
  const { agent, arrived, attempted } = setUp()
  const { outcomes } = await agent.attempt(claimOf(idOf('mx-01.example.org')))
  expect(outcomes).toMatchObject([{ recipientId: 7, outcome: { kind: 'delivered', status: '2.0.0' } }])
  expect(arrived).toMatchObject([{ token: { target: 'google', id: '0123456789abcdef' } }])
  expect(attempted).toEqual([])
})

test('a probe of another node is passed on to it, once', async () => {
  const { agent, arrived, attempted } = setUp()
  await agent.attempt(claimOf(idOf('mx-02.example.org')))
  expect(attempted).toMatchObject([
    { nextHop: 'smtp:[mx-02.example.org]:25', recipients: [{ address: 'probe+passed-on@example.org' }] },
  ])
  const again = claimOf(idOf('mx-02.example.org'), { address: 'probe+passed-on@example.org' })
  const { outcomes } = await agent.attempt(again)
  expect(outcomes[0]?.outcome).toMatchObject({ kind: 'delivered', reply: expect.stringContaining('dropped') })
  expect(attempted).toHaveLength(1)
  expect(arrived).toEqual([])
})

test('a probe that need not come back ends here', async () => {
  const { agent, arrived, attempted } = setUp()
  const { outcomes } = await agent.attempt(claimOf(idOf('submission-01.example.org', false)))
  expect(outcomes[0]?.outcome.kind).toBe('delivered')
  expect([...arrived, ...attempted]).toEqual([])
})

test('what is no probe any more ends without a DSN, and other mail is no matter of it', async () => {
  const { agent, arrived, attempted } = setUp()
  const { outcomes } = await agent.attempt(claimOf('<1@stranger.example>'))
  expect(outcomes[0]?.outcome.kind).toBe('delivered')
  await agent.attempt(claimOf(idOf('mx-01.example.org'), { nextHop: 'peers:srs' }))
  expect(attempted).toHaveLength(1)
  expect(arrived).toEqual([])
})
