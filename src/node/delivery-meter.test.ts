import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Agent, AttemptResult } from '../delivery/attempt/agent.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { Outcome } from '../queue/contract/outcome.ts'
import type { Claim } from '../queue/contract/queue.ts'
import { createDeliveryMeter, groupOf } from './delivery-meter.ts'

const google = 'gmail-smtp-in.l.google.com[192.0.2.1]:25'
const tls = { level: 'verified', policy: 'dane', protocol: 'TLSv1.3' } as const
const delivered: Outcome = {
  kind: 'delivered',
  dsnPassedOn: false,
  reply: '250 ok',
  status: '2.0.0',
  host: google,
  tls,
}
const blocked: Outcome = {
  kind: 'failed',
  scope: 'site',
  reply: '550 5.7.1 blocked',
  status: '5.7.1',
  host: google,
  tls: null,
  replyClass: 'blocked',
}

function claimOf({ nextHop = 'mx:customer.example', attempt = 1, arrivedAt = 0, recipients = 1 }): Claim {
  return {
    nextHop,
    message: { arrivedAt, origin: { kind: 'user', identity: 'kim' } },
    recipients: Array.from({ length: recipients }, (_, index) => ({ recipientId: index, attempt })),
  } as unknown as Claim
}

function setUp() {
  const clock = createFakeClock()
  const meter = createDeliveryMeter(clock)
  const registry = new Registry()
  createMetrics(registry, { gauges: meter.metrics, histograms: meter.histograms, process: false })
  const attempt = async (claim: Claim, outcomes: readonly Outcome[], more: Partial<AttemptResult> = {}) => {
    const inner: Agent = {
      attempt: async () => {
        await clock.advance(700)
        return {
          outcomes: outcomes.map((outcome, recipientId) => ({ recipientId, outcome })),
          verdict: 'worked',
          pauseMs: 0,
          ...more,
        }
      },
    }
    await meter.agent(inner).attempt(claim)
  }
  return { clock, attempt, text: () => registry.metrics() }
}

test('an attempt is timed and counted by the provider of its host, whatever the domain of the recipient', async () => {
  const { clock, attempt, text } = setUp()
  const arrivedAt = clock.now() - 2000
  await attempt(claimOf({ arrivedAt, recipients: 2 }), [delivered, blocked])
  const found = await text()
  expect(found).toContain('waypost_attempt_seconds_bucket{le="0.5",provider="google",result="delivered"} 0')
  expect(found).toContain('waypost_attempt_seconds_bucket{le="1",provider="google",result="delivered"} 1')
  expect(found).toContain('waypost_queue_wait_seconds_sum{origin="user"} 2\n')
  expect(found).toContain('waypost_delivery_delay_seconds_sum{provider="google"} 2.7\n')
  expect(found).toContain('waypost_deliveries_total{provider="google",result="delivered",class="none"} 1')
  expect(found).toContain('waypost_deliveries_total{provider="google",result="failed",class="blocked"} 1')
  expect(found).toContain('waypost_deliveries_tls_total{provider="google",tls="TLSv1.3 verified"} 1')
})

test('a later attempt is no wait in the queue, and one that sent nothing is no attempt', async () => {
  const { attempt, text } = setUp()
  await attempt(claimOf({ attempt: 2 }), [delivered])
  await attempt(claimOf({}), [], { postponeMs: 1000, verdict: 'crowded' })
  const found = await text()
  expect(found).not.toContain('waypost_queue_wait_seconds_count{')
  expect(found).toContain('waypost_attempt_seconds_count{provider="google",result="delivered"} 1')
})

test.each([
  ['peers:srs', 'srs-01.example.org[192.0.2.7]:25', 'fleet'],
  ['lmtp:unix:/run/list.sock', null, 'local'],
  ['reports:store', 'the store of reports', 'local'],
  ['smtp:[smtp.office365.com]:587', 'smtp.office365.com[192.0.2.1]:587', 'microsoft'],
  ['mx:gmail.com', null, 'google'],
  ['mx:customer.example', null, 'other'],
  ['mx:gmail.com', 'mx.stranger.example[192.0.2.1]:25', 'google'],
  ['nonsense', null, 'other'],
])('%s at %s is of the group %s', (nextHop, host, group) => expect(groupOf(nextHop, host)).toBe(group))

test('many destinations of strangers are one series', async () => {
  const { attempt, text } = setUp()
  for (let at = 0; at < 300; at++)
    await attempt(claimOf({ nextHop: `mx:d${at}.example` }), [
      { ...delivered, host: `mx.d${at}.example[192.0.2.1]:25` },
    ])
  const series = (await text()).split('\n').filter((line) => line.startsWith('waypost_deliveries_total'))
  expect(series).toEqual(['waypost_deliveries_total{provider="other",result="delivered",class="none"} 300'])
})
