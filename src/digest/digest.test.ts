import { describe, expect, it } from 'vitest'
import { sampleStatus } from '../../test/lib/sample-status.ts'
import { providerOf } from '../alerts/blocked-providers.ts'
import type { Event } from '../observe/events.ts'
import type { LedgerRange } from '../queue/contract/queue-reader.ts'
import { digestMail, digestMessageId } from './digest-mail.ts'
import { digestLines } from './digest-text.ts'
import { type DigestParts, gatherDigest } from './gather-digest.ts'

const TO = Date.UTC(2026, 10, 23)
const FROM = TO - 7 * 86_400_000
const base = { at: FROM + 1, queueId: 'x' }
const attempt = { ...base, attempt: 1, tls: null, status: '', recipient: 'kim@far.example' }
const events: readonly Event[] = [
  {
    kind: 'received',
    ...base,
    origin: 'user:lee',
    sender: null,
    remote: '',
    helo: null,
    tls: null,
    size: 1,
    messageId: null,
  },
  {
    kind: 'received',
    ...base,
    origin: 'internet',
    sender: null,
    remote: '',
    helo: null,
    tls: null,
    size: 1,
    messageId: null,
  },
  {
    kind: 'received',
    ...base,
    at: FROM - 1,
    origin: 'internet',
    sender: null,
    remote: '',
    helo: null,
    tls: null,
    size: 1,
    messageId: null,
  },
  {
    kind: 'received',
    ...base,
    node: 'other',
    origin: 'internet',
    sender: null,
    remote: '',
    helo: null,
    tls: null,
    size: 1,
    messageId: null,
  },
  {
    kind: 'delivered',
    ...attempt,
    host: 'mx.far.example[192.0.2.1]',
    reply: '250 ok',
    sender: null,
    delayMs: 1,
    size: 1,
  },
  { kind: 'failed', ...attempt, host: 'mx.far.example[192.0.2.1]', reply: '550 5.7.1 blocked\u001b[2J', scope: 'host' },
  {
    kind: 'deferred',
    ...attempt,
    host: 'mx2.far.example[192.0.2.2]',
    reply: '451 later',
    scope: 'host',
    nextAttemptAt: 1,
  },
  {
    kind: 'rejected',
    ...base,
    stage: 'rcpt',
    check: 'dnsbl',
    sender: null,
    remote: '',
    reply: '554 5.7.1 listed',
    cause: '',
  },
  {
    kind: 'rejected',
    ...base,
    stage: 'rcpt',
    check: 'dnsbl',
    sender: null,
    remote: '',
    reply: '554 5.7.1 listed again',
    cause: '',
  },
  {
    kind: 'limit-near',
    ...base,
    queueId: null,
    account: 'user:kim',
    measure: 'messages',
    window: 'hour',
    used: 9,
    limit: 10,
  },
  { kind: 'account-held', ...base, queueId: null, account: 'user:lee', by: 'node', reason: 'unusual', evidence: '' },
]

const gather = (changes: Partial<DigestParts> = {}, ledger: readonly Event[] = events) =>
  gatherDigest({
    node: 'mx-01.example.org',
    from: FROM,
    to: TO,
    reader: {
      ledger: async function* (range?: LedgerRange) {
        expect(range).toMatchObject({ since: FROM, until: TO })
        for (const event of ledger) yield [event]
      },
    },
    status: sampleStatus(),
    fleet: [{ name: 'srs-01.example.org', told: { kind: 'error', cause: 'connect ECONNREFUSED' }, clockAheadMs: null }],
    providerOf,
    ...changes,
  })

describe('a digest', () => {
  it('has volume, failures by provider, refusals, accounts, and versions', async () => {
    expect(digestLines(await gather())).toEqual([
      'mx-01.example.org: 2026-11-16 00:00Z to 2026-11-23 00:00Z',
      '',
      'received   1 user, 1 internet',
      'delivered  1',
      'deferred   1 attempt',
      'failed     1, expired 0',
      'refused    2',
      '',
      'Failures by provider',
      '  far.example: 1 failed, 1 deferred',
      '    451 later',
      '',
      'Refused',
      '  2 dnsbl 554 5.7.1',
      '    554 5.7.1 listed again',
      '',
      'Accounts',
      '  user:lee was put on hold by node: unusual',
      '  user:kim was near a limit, 1 warning',
      '',
      'Versions',
      '  mx-01.example.org: 0.1.0',
      '  srs-01.example.org: connect ECONNREFUSED',
    ])
  })

  it('says what needs attention, with the first step', async () => {
    const checks = { dns: { kind: 'degraded', reason: '2 errors in the DNS' } } as const
    const status = sampleStatus({
      health: { kind: 'degraded', checks },
      certificates: [{ key: 'tls', expiresAt: sampleStatus().at + 86_400_000 }],
    })
    const text = digestLines(await gather({ status })).join('\n')
    expect(text).toContain('dns degraded: 2 errors in the DNS\n    - run waypost dns check')
    expect(text).toContain('tls ends 2026-11-22 00:00Z')
  })

  it('is ASCII of 78 columns, whatever strangers write, and its tables are bounded', async () => {
    const ledger = Array.from(
      { length: 20_000 },
      (_, i): Event => ({
        kind: 'failed',
        ...attempt,
        host: `mx.p${i}.example`,
        reply: `550 é\u202e\u001b${'x'.repeat(1000)}`,
        scope: 'host',
      }),
    )
    const digest = await gather({}, ledger)
    expect(digest.counts.failed).toBe(20_000)
    expect(digest.counts.providers[0]).toMatchObject({ provider: 'other', failed: 15_000 })
    const lines = digestLines(digest)
    expect(lines.filter((line) => line.length > 78 || !/^[ -~]*$/.test(line))).toEqual([])
    expect(lines.length).toBeLessThan(100)
  })

  it('says where it was cut', async () => {
    const digest = await gather({ most: 3 })
    expect(digest.cutAt).toBe(FROM + 1)
    expect(digestLines(digest)[1]).toContain('more than a digest reads')
  })
})

it('as mail it is marked as generated, and has one Message-ID for all tries', async () => {
  const messageId = digestMessageId('mx-01.example.org', TO)
  const { header, body } = digestMail(await gather(), {
    from: 'postmaster@example.org',
    to: 'ops@example.org',
    messageId,
    at: TO,
  })
  const text = header.toString()
  expect(text).toContain('Auto-Submitted: auto-generated\r\n')
  expect(text).toContain(`Message-ID: ${messageId}\r\n`)
  expect(text).toContain('Subject: Mail digest of mx-01.example.org: 2 received, 1 delivered, 1 failed,\r\n 2 refused')
  expect(body.toString()).not.toMatch(/(?<!\r)\n/)
})
