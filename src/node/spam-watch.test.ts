// The spam filter of a running node: counters, log lines and health.

import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { contentOf } from '../../test/lib/message.ts'
import { type FakeRspamd, scanned, startFakeRspamd } from '../../test/lib/fake-rspamd.ts'
import type { SpamRequest } from '../filter/spam-scan.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createSpamWatch } from './spam-watch.ts'

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

function watch(whenDown: 'accept' | 'defer' = 'accept', urls = [server.url]) {
  const rspamd = { urls, password: null, timeoutMs: 1000, hostname: 'mx-01.example.org', ownResults: true }
  const log = {
    warn: (fields: object, message: string) => void lines.push(`${message}: ${JSON.stringify(fields)}`),
    info: (_: object, message: string) => void lines.push(message),
  }
  const created = createSpamWatch({ rspamd, whenDown }, { clock: createFakeClock(1_000_000), log })
  opened.push(created)
  return created
}

const request: SpamRequest = {
  queueId: 'Q1',
  remoteIp: null,
  remoteName: null,
  helo: null,
  sender: null,
  recipients: [],
  user: null,
  evidence: [],
  at: 1000,
  content: contentOf({ header: Buffer.from('Subject: x\r\n\r\n'), body: Buffer.from('Hello\r\n') }),
}

describe('a node', () => {
  it('counts the result of every scan', async () => {
    const spam = watch()
    const registry = new Registry()
    createMetrics(registry, { gauges: [spam.metric], process: false })
    server.answer = scanned('add header', 7)
    await spam.scanner.scan(request)
    await spam.scanner.scan(request)
    server.answer = (asked) => void asked.socket.destroy()
    await spam.scanner.scan(request)
    for (let scrape = 0; scrape < 2; scrape++) {
      const page = await registry.metrics()
      expect(page).toContain('# TYPE waypost_spam_checks_total counter')
      expect(page).toContain('waypost_spam_checks_total{result="add-header"} 2')
      expect(page).toContain('waypost_spam_checks_total{result="unavailable"} 1')
    }
  })

  it('logs once when the filter stops answering and once when it answers again', async () => {
    const spam = watch()
    const well = server.answer
    server.answer = (asked) => void asked.socket.destroy()
    for (let i = 0; i < 3; i++) await spam.scanner.scan(request)
    server.answer = well
    for (let i = 0; i < 3; i++) await spam.scanner.scan(request)
    expect(lines).toEqual([
      expect.stringMatching(/^the spam filter does not answer: \{"cause":"http:.*socket hang up"\}$/),
      'the spam filter answers again',
    ])
  })
})

describe('the health', () => {
  it('is measured at each check', async () => {
    const spam = watch()
    expect(await spam.health.check()).toEqual({ kind: 'ok' })
    await server.close()
    expect(await spam.health.check()).toEqual({ kind: 'degraded', reason: expect.stringContaining('ECONNREFUSED') })
  })

  it('is failing if the node defers all mail', async () => {
    const spam = watch('defer')
    await server.close()
    expect(await spam.health.check()).toMatchObject({ kind: 'failing' })
  })

  it('is degraded while one of several URLs does not answer', async () => {
    const urls = ['unix:/nowhere/rspamd.sock', server.url]
    expect(await watch('defer', urls).health.check()).toMatchObject({ kind: 'degraded' })
  })
})
