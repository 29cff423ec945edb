// The health of a node as metrics: a failing disk, a full disk and a certificate that expires soon.

import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { QueueHealth } from '../queue/contract/queue.ts'
import { healthChecks } from './health-checks.ts'
import { healthGauges } from './health-gauges.ts'

const clock = createFakeClock()
const expiresIn = (days: number) => ({ value: { expiresAt: clock.now() + days * 86_400_000 } })

/** The metrics page at the second scrape; at the first one the queue was healthy. */
async function page(
  health: QueueHealth | Error,
  certificate: { value: { expiresAt: number } | null } = expiresIn(60),
): Promise<string> {
  let now: QueueHealth | Error = { kind: 'ok', waiting: 1, freeBytes: 1000, lostBodies: 0 }
  const queue = {
    health: async () => {
      if (now instanceof Error) throw now
      return now
    },
  }
  const registry = new Registry()
  const checks = healthChecks({
    queue,
    clock,
    certificate,
    certificateMismatch: () => null,
    addresses: null,
    draining: new AbortController().signal,
  })
  createMetrics(registry, { gauges: healthGauges({ checks, queue, certificate, clock }), process: false })
  await registry.metrics()
  now = health
  return registry.metrics()
}

describe('a healthy node', () => {
  it('has 0 for each check, free space and expiry of the certificate', async () => {
    const text = await page({ kind: 'ok', waiting: 1, freeBytes: 5_000_000, lostBodies: 2 })
    expect(text).toContain('waypost_health{check="queue"} 0')
    expect(text).toContain('waypost_health{check="certificate"} 0')
    expect(text).toMatch(/^waypost_queue_free_bytes 5000000$/m)
    expect(text).toMatch(/^waypost_queue_lost_bodies 2$/m)
    expect(text).toMatch(
      new RegExp(`^waypost_certificate_expiry_timestamp_seconds{key="tls"} ${clock.now() / 1000 + 60 * 86_400}$`, 'm'),
    )
  })
})

describe('an unhealthy node', () => {
  it.each<[string, QueueHealth | Error]>([
    ['a disk error', { kind: 'failing', cause: 'EIO' }],
    ['a failed queue', new Error('the store ended')],
  ])('reports %s as a failing queue, without outdated free space', async (_, health) => {
    const text = await page(health)
    expect(text).toContain('waypost_health{check="queue"} 2')
    if (!(health instanceof Error)) expect(text).not.toMatch(/^waypost_queue_free_bytes \d/m)
  })

  it('reports the free space of a full disk', async () => {
    const text = await page({ kind: 'full', freeBytes: 42 })
    expect(text).toContain('waypost_health{check="queue"} 2')
    expect(text).toMatch(/^waypost_queue_free_bytes 42$/m)
  })

  it('reports a certificate that was not renewed', async () => {
    const all: QueueHealth = { kind: 'ok', waiting: 0, freeBytes: 1 }
    expect(await page(all, expiresIn(3))).toContain('waypost_health{check="certificate"} 1')
    expect(await page(all, expiresIn(-1))).toContain('waypost_health{check="certificate"} 2')
    const later = { value: { ...expiresIn(60).value, more: [expiresIn(60).value, expiresIn(3).value] } }
    expect(await page(all, later)).toContain('waypost_health{check="certificate"} 1')
    expect(await page(all, later)).toMatch(/^waypost_certificate_expiry_timestamp_seconds\{key="tls.more.1"\} \d/m)
    expect(await page(all, { value: null })).not.toMatch(/^waypost_certificate_expiry_timestamp_seconds/m)
  })
})
