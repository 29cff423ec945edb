import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createCachedResolver } from '../dns/cache.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createDnsMeter } from './dns-meter.ts'

test('questions are counted by purpose, and only those that are sent are timed', async () => {
  const clock = createFakeClock()
  const meter = createDnsMeter(clock)
  const registry = new Registry()
  createMetrics(registry, { gauges: meter.metrics, histograms: [meter.histogram], process: false })
  const known = fakeResolver({ 'a.example A': ['192.0.2.1'] })
  const slow: Resolver = {
    resolve: async (name, type, ask) => {
      await clock.advance(40)
      return known.resolve(name, type, ask)
    },
  }
  const budgets = createBudgets(clock)
  const pools = { open: budgets.pool('dnsQuestions'), waiting: budgets.pool('dnsWaiting') }
  const resolver = meter.asked(createCachedResolver(meter.sent(slow), { clock, pools }))
  for (let at = 0; at < 3; at++) await resolver.resolve('a.example', 'A', { purpose: 'delivery' })
  await resolver.resolve('b.example', 'A')
  const text = await registry.metrics()
  expect(text).toContain('waypost_dns_questions_total{purpose="delivery",result="found"} 3')
  expect(text).toContain('waypost_dns_questions_total{purpose="optional",result="absent"} 1')
  expect(text).toContain('waypost_dns_seconds_count{result="found"} 1')
  expect(text).toContain('waypost_dns_seconds_bucket{le="0.025",result="found"} 0')
  expect(text).toContain('waypost_dns_seconds_bucket{le="0.1",result="found"} 1')
})
