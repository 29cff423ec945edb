// The spam filter as a node has it: there only where role and configuration want it, counted, heard of when it goes, seen in the health.

import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { contentOf } from '../../test/lib/message.ts'
import { type FakeRspamd, scanned, startFakeRspamd } from '../../test/lib/fake-rspamd.ts'
import type { Config } from '../config/config.ts'
import type { SpamRequest } from '../filter/spam-scan.ts'
import { createMetrics } from '../observe/metrics.ts'
import { buildSpamWatch } from './spam-watch.ts'

let server: FakeRspamd
let lines: string[]
const opened: { close(): void }[] = []

beforeEach(async () => {
  server = await startFakeRspamd()
  lines = []
})
afterEach(async () => {
  for (const one of opened.splice(0)) one.close()
  await server.close()
})

function watch(when_down: 'accept' | 'defer' = 'accept', changes: object = {}) {
  const rspamd = { urls: [server.url], password: null, timeout: 1000, when_down }
  const config = { hostname: 'mx-01.example.org', role: { checks: ['spam'] }, rspamd, ...changes } as unknown as Config
  const log = {
    warn: (fields: object, message: string) => void lines.push(`${message}: ${JSON.stringify(fields)}`),
    info: (_: object, message: string) => void lines.push(message),
  }
  const built = buildSpamWatch(config, { clock: createFakeClock(1_000_000), log })
  if (built) opened.push(built)
  return built
}

const request: SpamRequest = {
  queueId: 'Q1',
  remoteIp: null,
  remoteName: null,
  helo: null,
  sender: null,
  recipients: [],
  user: null,
  content: contentOf({ header: Buffer.from('Subject: x\r\n\r\n'), body: Buffer.from('Hello\r\n') }),
}

describe('a node', () => {
  it('has no filter without a configuration, or where its role asks none', () => {
    expect(watch('accept', { rspamd: null })).toBeNull()
    expect(watch('accept', { role: { checks: ['authentication-results'] } })).toBeNull()
  })

  it('counts what came of every question', async () => {
    const spam = watch()
    const registry = new Registry()
    createMetrics(registry, { gauges: spam ? [spam.numbers] : [], process: false })
    server.answer = scanned('add header', 7)
    await spam?.scanner.scan(request)
    await spam?.scanner.scan(request)
    server.answer = (asked) => void asked.socket.destroy()
    await spam?.scanner.scan(request)
    for (let scrape = 0; scrape < 2; scrape++) {
      const page = await registry.metrics()
      expect(page).toContain('# TYPE waypost_spam_checks_total counter')
      expect(page).toContain('waypost_spam_checks_total{result="add-header"} 2')
      expect(page).toContain('waypost_spam_checks_total{result="unavailable"} 1')
    }
  })

  it('logs once when it goes and once when it is back', async () => {
    const spam = watch()
    const well = server.answer
    server.answer = (asked) => void asked.socket.destroy()
    for (let i = 0; i < 3; i++) await spam?.scanner.scan(request)
    server.answer = well
    for (let i = 0; i < 3; i++) await spam?.scanner.scan(request)
    expect(lines).toEqual([
      expect.stringMatching(/^the spam filter does not answer: \{"cause":"http:.*socket hang up"\}$/),
      'the spam filter answers again',
    ])
  })
})

describe('its health', () => {
  it('is asked for, not remembered', async () => {
    const spam = watch()
    expect(await spam?.health.check()).toEqual({ kind: 'ok' })
    await server.close()
    expect(await spam?.health.check()).toEqual({ kind: 'degraded', reason: expect.stringContaining('ECONNREFUSED') })
  })

  it('is failing where the node takes nothing without it', async () => {
    const spam = watch('defer')
    await server.close()
    expect(await spam?.health.check()).toMatchObject({ kind: 'failing' })
  })

  it('is degraded while one of several is away', async () => {
    const rspamd = { urls: ['unix:/nowhere/rspamd.sock', server.url], password: null, timeout: 1, when_down: 'defer' }
    expect(await watch('defer', { rspamd })?.health.check()).toMatchObject({ kind: 'degraded' })
  })
})
