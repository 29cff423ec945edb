import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { SourceStatus } from '../delivery/hosts/source-check.ts'
import { checkHealth } from '../observe/health-report.ts'
import { healthChecks } from './health-checks.ts'
import type { HealthParts } from './health-checks.ts'

const clock = createFakeClock()
const status = (address: string, kind: 'named' | 'unnamed'): SourceStatus => ({
  family: address.includes(':') ? 6 : 4,
  address,
  state: kind === 'named' ? { kind, name: 'srs.example.org' } : { kind },
})

async function resultOf(name: string, parts: Partial<HealthParts>) {
  const healthy: HealthParts = {
    queue: { health: async () => ({ kind: 'ok', waiting: 0, freeBytes: 1 }) },
    clock,
    certificate: { value: null },
    certificateMismatch: () => null,
    addresses: null,
    draining: new AbortController().signal,
  }
  return (await checkHealth(healthChecks({ ...healthy, ...parts }), clock)).checks[name]
}

describe('health checks', () => {
  it('report addresses without confirmed reverse DNS', async () => {
    const list = [status('192.0.2.5', 'named'), status('192.0.2.6', 'unnamed'), status('2001:db8::5', 'unnamed')]
    expect(await resultOf('addresses', { addresses: { status: () => list } })).toEqual({
      kind: 'degraded',
      reason: 'no confirmed reverse DNS: 192.0.2.6, 2001:db8::5',
    })
    expect(await resultOf('addresses', { addresses: { status: () => list.slice(0, 1) } })).toEqual({ kind: 'ok' })
  })

  it('report a drain', async () => {
    expect(await resultOf('running', {})).toEqual({ kind: 'ok' })
    expect(await resultOf('running', { draining: AbortSignal.abort() })).toMatchObject({ kind: 'failing' })
  })

  it('report a file system without inodes', async () => {
    const queue = { health: async () => ({ kind: 'full', freeBytes: 1, freeFiles: 7 }) as const }
    expect(await resultOf('queue', { queue })).toEqual({
      kind: 'failing',
      reason: 'the file system of the queue is nearly full: 7 inodes free',
    })
  })
})
