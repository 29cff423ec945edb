import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import type { EventKind, EventOf } from './events.ts'
import { createMetrics } from './metrics.ts'
import type { GaugeSource } from './metrics.ts'

const base = { at: 1, queueId: 'q' }
const facts = { sender: null, delayMs: 1, size: 1 }
const end = { ...base, attempt: 1, host: 'mx.example.net[192.0.2.1]:25', reply: '250 ok', status: '2.0.0', tls: null }
const control = { ...base, by: 'operator', reason: 'x' }

/** One event of each kind. */
const samples: { [K in EventKind]: EventOf<K> } = {
  received: {
    ...base,
    kind: 'received',
    origin: 'user:joe',
    sender: null,
    remote: '192.0.2.1',
    helo: null,
    tls: null,
    size: 500,
    messageId: null,
  },
  rejected: {
    ...base,
    kind: 'rejected',
    stage: 'rcpt',
    sender: null,
    remote: '192.0.2.1',
    reply: '550 5.1.1 no',
    cause: 'x',
  },
  timed: {
    ...base,
    kind: 'timed',
    checks: [{ check: 'spam', stage: 'data', ms: 5 }],
  },
  'would-reject': {
    ...base,
    kind: 'would-reject',
    check: 'spam',
    stage: 'rcpt',
    sender: null,
    remote: '192.0.2.1',
    reply: '550 5.1.1 no',
    cause: 'x',
  },
  banned: {
    ...base,
    kind: 'banned',
    banned: 'address',
    ip: '192.0.2.1',
    until: 2,
    by: 'node',
    reason: 'failed logins',
    evidence: '',
    times: 1,
  },
  'account-held': { ...base, kind: 'account-held', account: 'user:kim', by: 'node', reason: '', evidence: '' },
  complained: {
    ...base,
    kind: 'complained',
    report: 'r',
    feedback: 'abuse',
    provider: 'provider.example',
    isProven: true,
    account: 'user:kim',
    messageId: null,
  },
  'account-changed': {
    ...base,
    kind: 'account-changed',
    account: 'user:kim',
    change: 'password',
    by: 'self-service',
    ip: '192.0.2.1',
  },
  'probe-sent': { ...base, kind: 'probe-sent', target: 'google', probe: '1', to: 'probe@example.net' },
  'probe-result': {
    ...base,
    kind: 'probe-result',
    target: 'google',
    probe: '1',
    outcome: 'missing',
    sentAt: 1,
    provider: 'other',
    hops: [],
    detail: '',
  },
  'probe-alert': { ...base, kind: 'probe-alert', target: 'google', state: 'failing', failures: 1, detail: 'missing' },
  erased: { ...base, kind: 'erased', by: 'root', reason: '', rows: 3 },
  'account-released': { ...base, kind: 'account-released', account: 'user:kim', by: 'root', reason: '' },
  'limit-near': {
    ...base,
    kind: 'limit-near',
    account: 'user:kim',
    measure: 'new_domains',
    window: 'hour',
    used: 8,
    limit: 10,
  },
  unbanned: { ...base, kind: 'unbanned', banned: 'address', ip: '192.0.2.1', by: 'kim', reason: '' },
  checked: { ...base, kind: 'checked', check: 'spf', result: 'pass', detail: '' },
  resolved: {
    ...base,
    kind: 'resolved',
    original: 'a@b.example',
    reversePath: null,
    nextHop: 'mx:b.example',
    steps: [],
  },
  signed: { ...base, kind: 'signed', domain: 'b.example', selector: 's', algorithm: 'ed25519-sha256' },
  unsigned: { ...base, kind: 'unsigned', reason: 'x' },
  delivered: { ...end, ...facts, kind: 'delivered', tls: { level: 'verified', policy: 'verify', protocol: 'TLSv1.3' } },
  deferred: {
    ...end,
    kind: 'deferred',
    status: '4.7.1',
    scope: 'recipient',
    nextAttemptAt: 2,
    tls: { level: 'none', policy: 'dane', failure: 'dnssec-invalid' },
  },
  failed: { ...end, kind: 'failed', status: '5.1.1', scope: 'recipient' },
  expired: { ...end, kind: 'expired', status: '4.4.7' },
  notified: { ...base, kind: 'notified', notice: 'failed', to: null, dsn: null },
  held: { ...control, kind: 'held' },
  released: { ...control, kind: 'released' },
  retried: { ...control, kind: 'retried' },
  removed: { ...control, kind: 'removed' },
  bounced: { ...control, kind: 'bounced' },
  recovered: { ...control, kind: 'recovered' },
  'action-pending': { ...control, kind: 'action-pending', action: 'hold' },
  discarded: { ...base, kind: 'discarded', reason: 'x' },
  suspended: { ...control, kind: 'suspended', queueId: null, destination: 'mx:b.example' },
  resumed: { ...control, kind: 'resumed', queueId: null, destination: 'mx:b.example' },
  transferred: { ...base, kind: 'transferred', to: 'x' },
  'transfer-accepted': { ...base, kind: 'transfer-accepted', from: 'x' },
}

function start(gauges: readonly GaugeSource[] = []) {
  const registry = new Registry()
  return { registry, metrics: createMetrics(registry, { gauges, process: false }) }
}

const lines = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe('metrics', () => {
  test('count every event kind, under the names that dashboards depend on', async () => {
    const { registry, metrics } = start()
    for (const event of Object.values(samples)) metrics.record(event)
    expect((await lines(registry)).toSorted()).toEqual([
      'waypost_account_changes_total{change="password"} 1',
      'waypost_accounts_held_total{by="node"} 1',
      'waypost_bans_total{banned="address",by="node"} 1',
      'waypost_checks_total{check="spf",result="pass"} 1',
      'waypost_delivery_attempts_total{result="deferred",status="4.7.1"} 1',
      'waypost_delivery_attempts_total{result="delivered",status="2.0.0"} 1',
      'waypost_delivery_attempts_total{result="expired",status="4.4.7"} 1',
      'waypost_delivery_attempts_total{result="failed",status="5.1.1"} 1',
      'waypost_destination_controls_total{action="resumed"} 1',
      'waypost_destination_controls_total{action="suspended"} 1',
      'waypost_dkim_signatures_total{algorithm="ed25519-sha256"} 1',
      'waypost_limits_near_total{measure="new-domains"} 1',
      'waypost_messages_received_total{origin="user"} 1',
      'waypost_messages_unsigned_total 1',
      'waypost_notices_total{notice="failed",sent="no"} 1',
      'waypost_notices_unsent_total{reason="other"} 1',
      'waypost_queue_actions_total{action="action-pending"} 1',
      'waypost_queue_actions_total{action="bounced"} 1',
      'waypost_queue_actions_total{action="held"} 1',
      'waypost_queue_actions_total{action="recovered"} 1',
      'waypost_queue_actions_total{action="released"} 1',
      'waypost_queue_actions_total{action="removed"} 1',
      'waypost_queue_actions_total{action="retried"} 1',
      'waypost_received_bytes_total{origin="user"} 500',
      'waypost_recipients_delivered_total{tls="TLSv1.3 verified"} 1',
      'waypost_recipients_discarded_total 1',
      'waypost_recipients_resolved_total 1',
      'waypost_rejections_total{stage="rcpt",status="5.1.1"} 1',
      'waypost_tls_failures_total{policy="dane",failure="dnssec-invalid"} 1',
      'waypost_tls_policies_total{policy="dane",level="none",result="deferred"} 1',
      'waypost_tls_policies_total{policy="verify",level="verified",result="delivered"} 1',
      'waypost_transfers_accepted_total 1',
      'waypost_transfers_sent_total 1',
    ])
  })

  test('have no label values that a peer chooses', async () => {
    const { registry, metrics } = start()
    for (let i = 0; i < 500; i++) {
      metrics.record({ ...end, kind: 'failed', status: `5.${i}.${i}`, scope: 'recipient' })
      metrics.record({
        ...end,
        ...facts,
        kind: 'delivered',
        tls: { level: 'encrypted', policy: 'may', protocol: `cipher ${i}` },
        status: `nonsense ${i}`,
      })
      metrics.record({ ...base, kind: 'checked', check: 'spf', result: `"${i}\n`, detail: '' })
    }
    expect((await lines(registry)).length).toBeLessThan(20)
  })

  test('read gauges at the scrape, and keep the last value of one that fails', async () => {
    let waiting = 3
    const source: GaugeSource = {
      name: 'waypost_queue_waiting',
      help: 'Waiting recipients.',
      labels: ['state'],
      read: () => {
        if (waiting < 0) throw new Error('the queue failed')
        return [{ labels: { state: 'deferred' }, value: waiting }]
      },
    }
    const { registry } = start([source])
    expect(await lines(registry)).toContain('waypost_queue_waiting{state="deferred"} 3')
    waiting = 7
    expect(await lines(registry)).toContain('waypost_queue_waiting{state="deferred"} 7')
    waiting = -1
    expect(await lines(registry)).toContain('waypost_queue_waiting{state="deferred"} 7')
  })

  test('expose a counting source as a counter, independent of the number of scrapes', async () => {
    let questions = 1
    const source: GaugeSource = {
      name: 'waypost_questions_total',
      help: 'Questions.',
      labels: ['result'],
      isCounter: true,
      read: () => [{ labels: { result: 'reject' }, value: questions }],
    }
    const { registry } = start([source])
    expect(await lines(registry)).toContain('waypost_questions_total{result="reject"} 1')
    expect(await lines(registry)).toContain('waypost_questions_total{result="reject"} 1')
    questions = 5
    expect(await registry.metrics()).toContain(
      '# TYPE waypost_questions_total counter\nwaypost_questions_total{result="reject"} 5',
    )
  })

  test('are separate for two nodes in one process', async () => {
    const [a, b] = [start(), start()]
    a.metrics.record(samples.discarded)
    expect(await lines(a.registry)).toContain('waypost_recipients_discarded_total 1')
    expect(await lines(b.registry)).toContain('waypost_recipients_discarded_total 0')
  })

  test('count refusals by class and unsent notices by reason', async () => {
    const { registry, metrics } = start()
    metrics.record({ ...end, kind: 'failed', status: '5.7.1', scope: 'recipient', class: 'blocked' })
    metrics.record({
      ...end,
      kind: 'deferred',
      status: '4.7.1',
      scope: 'site',
      nextAttemptAt: 2,
      class: 'Not a "word"',
    })
    const notice = { ...base, kind: 'notified', notice: 'failed', to: null, dsn: null } as const
    for (const reason of ['sender not proven', 'NOTIFY=NEVER', 'NOTIFY=SUCCESS', 'operator report'])
      metrics.record({ ...notice, reason })
    const found = (await lines(registry)).filter((line) => /classified_replies|notices_unsent/.test(line))
    expect(found.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'waypost_classified_replies_total{class="blocked"} 1',
      'waypost_classified_replies_total{class="other"} 1',
      'waypost_notices_unsent_total{reason="not-requested"} 2',
      'waypost_notices_unsent_total{reason="operator-report"} 1',
      'waypost_notices_unsent_total{reason="sender-not-proven"} 1',
    ])
  })
})
