import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createMessageMeter } from './message-times.ts'

test('replies are timed by listener, origin and verdict, and accepted messages are counted by TLS', async () => {
  const meter = createMessageMeter()
  const registry = new Registry()
  createMetrics(registry, { gauges: meter.metrics, histograms: [meter.histogram], process: false })
  const tls = { version: 'TLSv1.3', cipher: 'x', certificate: null }
  const secured = sampleSession({ listener: 'smtps', origin: { kind: 'user', identity: 'kim' }, tls })
  const plain = sampleSession({ listener: 'smtp', origin: null })
  meter.connected(plain, 'deferred')
  meter.answered(secured, 'accepted', 30)
  meter.answered(plain, 'rejected', 3000)
  const text = await registry.metrics()
  expect(text).toContain('waypost_connections_total{listener="smtp",verdict="deferred"} 1')
  expect(text).toContain('waypost_accept_seconds_sum{listener="smtps",origin="user",verdict="accepted"} 0.03')
  expect(text).toContain('waypost_accept_seconds_sum{listener="smtp",origin="internet",verdict="rejected"} 3')
  expect(text).toContain('waypost_messages_tls_total{listener="smtps",tls="TLSv1.3"} 1')
  expect(text).not.toContain('waypost_messages_tls_total{listener="smtp"')
})
