// The virus scanner of a running node: counters, log lines and health.

import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeClamd, startFakeClamd } from '../../test/lib/fake-clamd.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { contentOf } from '../../test/lib/message.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { VirusRequest } from '../filter/virus-scan.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createVirusWatch } from './virus-watch.ts'

let server: FakeClamd
let lines: string[]

beforeEach(async () => {
  server = await startFakeClamd()
  lines = []
})
afterEach(() => server.close())

function watch(whenDown: 'accept' | 'defer' = 'defer', servers = [server.name], clock = createFakeClock()) {
  const log = {
    warn: (fields: object, message: string) => void lines.push(`${message}: ${JSON.stringify(fields)}`),
    info: (_: object, message: string) => void lines.push(message),
  }
  const clamd = { servers, timeoutMs: 1000, maxSize: 100 }
  return createVirusWatch({ clamd, whenDown }, { clock, budgets: createBudgets(clock), log })
}

function letter(body: string): VirusRequest {
  const content = contentOf({ header: Buffer.from('Subject: x\r\n\r\n'), body: Buffer.from(body) })
  return { remoteIp: null, account: null, content }
}

describe('a node', () => {
  it('counts the result of every message', async () => {
    const { scanner, metric } = watch()
    const registry = new Registry()
    createMetrics(registry, { gauges: [metric], process: false })
    await scanner.scan(letter('Hello'))
    await scanner.scan(letter('Hello'))
    await scanner.scan(letter('x'.repeat(100)))
    server.verdict = 'stream: Eicar FOUND'
    await scanner.scan(letter('Hello'))
    server.verdict = (socket) => void socket.destroy()
    await scanner.scan(letter('Hello'))
    const page = await registry.metrics()
    expect(page).toContain('# TYPE waypost_virus_checks_total counter')
    const counts = [...page.matchAll(/^waypost_virus_checks_total\{result="(\w+)"\} (\d)$/gm)]
    expect(counts.map(([, result, count]) => `${result} ${count}`)).toEqual([
      'clean 2',
      'unscanned 1',
      'infected 1',
      'unavailable 1',
    ])
  })

  it('logs once when no server answers and once when one scans again', async () => {
    const { scanner } = watch()
    server.verdict = (socket) => void socket.destroy()
    for (let i = 0; i < 3; i++) await scanner.scan(letter('Hello'))
    await scanner.scan(letter('x'.repeat(100)))
    server.verdict = 'stream: OK'
    for (let i = 0; i < 3; i++) await scanner.scan(letter('Hello'))
    expect(lines).toEqual([
      expect.stringMatching(/^the virus scanner does not answer: \{"cause":"127\.0\.0\.1:/),
      'the virus scanner answers again',
    ])
  })
})

describe('the health', () => {
  it('is measured at each check, and failing if the node defers all mail', async () => {
    const { health } = watch()
    expect(await health.check()).toEqual({ kind: 'ok' })
    await server.close()
    expect(await health.check()).toEqual({ kind: 'failing', reason: expect.stringContaining('ECONNREFUSED') })
  })

  it('is degraded if unscanned mail is accepted, or another server answers', async () => {
    const servers = ['unix:/nowhere/clamd.ctl', server.name]
    expect(await watch('defer', servers).health.check()).toMatchObject({ kind: 'degraded' })
    await server.close()
    expect(await watch('accept').health.check()).toMatchObject({ kind: 'degraded' })
  })

  it('is degraded by old signatures, and by a server that does not take what the node sends', async () => {
    const clock = createFakeClock(Date.UTC(2026, 10, 29))
    const { health } = watch('defer', [server.name], clock)
    server.version = 'ClamAV 1.4.3/27500/Sun Nov 22 08:32:11 2026'
    expect(await health.check()).toEqual({ kind: 'ok' })
    server.version = 'ClamAV 1.4.3/27500/Sat Nov  7 08:32:11 2026'
    expect(await health.check()).toEqual({
      kind: 'degraded',
      reason: `${server.name}: its signatures are 21 days old`,
    })
    server.limit = 100
    expect(await health.check()).toEqual({ kind: 'degraded', reason: expect.stringContaining('StreamMaxLength') })
    server.version = 'unreadable'
    server.limit = 200
    expect(await health.check()).toEqual({ kind: 'ok' })
  })
})
