import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createMetrics } from '../observe/metrics.ts'
import { createCheckMeter } from './check-counts.ts'

test('refusals are counted by check, stage, verdict and mode, and times are in seconds', async () => {
  const meter = createCheckMeter()
  // Before the metrics exist, nothing reads them.
  meter.took('spam', 'message', 1)
  const registry = new Registry()
  createMetrics(registry, { gauges: meter.metrics, histograms: [meter.histogram], process: false })
  for (const mode of ['active', 'test', 'test'] as const)
    meter.refused({ check: 'spam', stage: 'message', verdict: 'reject', mode })
  meter.took('spam', 'message', 40)
  meter.took('spam', 'message', 3000)
  const text = await registry.metrics()
  expect(text).toContain('waypost_check_refusals_total{check="spam",stage="message",verdict="reject",mode="active"} 1')
  expect(text).toContain('waypost_check_refusals_total{check="spam",stage="message",verdict="reject",mode="test"} 2')
  expect(text).toContain('waypost_check_seconds_bucket{le="0.025",check="spam",stage="message"} 0')
  expect(text).toContain('waypost_check_seconds_bucket{le="0.1",check="spam",stage="message"} 1')
  expect(text).toContain('waypost_check_seconds_count{check="spam",stage="message"} 2')
  expect(text).toContain('waypost_check_seconds_sum{check="spam",stage="message"} 3.04')
})
