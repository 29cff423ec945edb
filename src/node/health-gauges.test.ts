// The health of a node as metrics: what a failing disk, a full one and a certificate near its end look like to an alert.

import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { Queue, QueueHealth } from '../queue/contract/queue.ts'
import { healthChecks } from './health-checks.ts'
import { healthGauges } from './health-gauges.ts'
import type { NodeState } from './node-state.ts'

const clock = createFakeClock()
const withCertificate = (days: number) =>
  ({ draining: false, addresses: null, tls: { expiresAt: clock.now() + days * 86_400_000 } }) as unknown as NodeState

/** The page as it is scraped, after a first scrape while all was well. */
async function page(health: QueueHealth | Error, state = withCertificate(60)): Promise<string> {
  let now: QueueHealth | Error = { kind: 'ok', waiting: 1, freeBytes: 1000, lostBodies: 0 }
  const queue = {
    health: async () => {
      if (now instanceof Error) throw now
      return now
    },
  } as Queue
  const registry = new Registry()
  const checks = healthChecks({ queue, clock, state })
  createMetrics(registry, { gauges: healthGauges({ checks, queue, state, clock }), process: false })
  await registry.metrics()
  now = health
  return registry.metrics()
}

describe('a node that is well', () => {
  it('says so of each check, with room and end of the certificate', async () => {
    const text = await page({ kind: 'ok', waiting: 1, freeBytes: 5_000_000, lostBodies: 2 })
    expect(text).toContain('waypost_health{check="queue"} 0')
    expect(text).toContain('waypost_health{check="certificate"} 0')
    expect(text).toMatch(/^waypost_queue_free_octets 5000000$/m)
    expect(text).toMatch(/^waypost_queue_lost_bodies 2$/m)
    expect(text).toMatch(new RegExp(`^waypost_certificate_expires_seconds ${clock.now() / 1000 + 60 * 86_400}$`, 'm'))
  })
})

describe('a node in trouble', () => {
  it.each<[string, QueueHealth | Error]>([
    ['an error of the disk', { kind: 'failing', cause: 'EIO' }],
    ['a queue that has ended', new Error('the store is gone')],
  ])('says of %s that the queue fails, and no old room', async (_, health) => {
    const text = await page(health)
    expect(text).toContain('waypost_health{check="queue"} 2')
    if (!(health instanceof Error)) expect(text).not.toMatch(/^waypost_queue_free_octets \d/m)
  })

  it('says how little room is left', async () => {
    const text = await page({ kind: 'full', freeBytes: 42 })
    expect(text).toContain('waypost_health{check="queue"} 2')
    expect(text).toMatch(/^waypost_queue_free_octets 42$/m)
  })

  it('says that the certificate was not renewed', async () => {
    const all: QueueHealth = { kind: 'ok', waiting: 0, freeBytes: 1 }
    expect(await page(all, withCertificate(3))).toContain('waypost_health{check="certificate"} 1')
    expect(await page(all, withCertificate(-1))).toContain('waypost_health{check="certificate"} 2')
    const without = { draining: false, addresses: null, tls: null }
    expect(await page(all, without)).not.toMatch(/^waypost_certificate_expires_seconds \d/m)
  })
})
