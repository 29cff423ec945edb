// The other nodes of the sample of the status page: one works, one has findings, one is down, and one sends text that a page must not obey.

import type { FleetSource } from '../../src/fleet-view/fleet-client.ts'
import type { NodeStatus } from '../../src/fleet-view/node-status.ts'
import type { Told } from '../../src/fleet-view/trace-source.ts'
import type { Event } from '../../src/observe/events.ts'
import { sampleStatus } from './sample-status.ts'

const MINUTE = 60_000
/** The queue ID that the srs node of the sample gives to forwarded mail, and that of its notification. */
export const atSrs = { queueId: 'F200000000021', dsn: 'F200000000022' } as const
/** Markup and marks of direction, as a node that was taken over can send them. */
const hostile = '<b>x</b>\u202e"><script>alert(2)</script>'

interface Answers {
  /** Null: the node does not answer. */
  readonly status: NodeStatus | null
  readonly events?: readonly Event[]
  readonly maySearch?: boolean
}

const down = { kind: 'error', cause: 'connect ECONNREFUSED 192.0.2.4:4465' } as const

export function sampleSource(name: string, { status, events = [], maySearch = true }: Answers): FleetSource {
  const told = async <T>(value: T): Promise<Told<T>> => (status ? { kind: 'answer', value } : down)
  const answer = (found: readonly Event[]) => told({ node: name, events: found, hasMore: false })
  return {
    name,
    role: name.split('-')[0] ?? null,
    status: async () => ({
      name,
      told: await told(status as NodeStatus),
      clockAheadMs: status ? 40 : null,
    }),
    message: (queueId) => answer(events.filter((event) => event.queueId === queueId)),
    sentAs: () => told([]),
    returned: () => told([]),
    search: async ({ subject }) =>
      maySearch
        ? answer(events.filter(({ queueId }) => events.some((one) => one.queueId === queueId && names(one, subject))))
        : {
            kind: 'error',
            cause: 'it replied 403: this node may not search for addresses here: see fleet_view.search',
          },
  }
}

function names(event: Event, subject: string | null): boolean {
  if (subject === null) return event.kind === 'received'
  return event.recipient === subject || (event.kind === 'received' && event.sender === subject)
}

export function sampleFleetSources(now: number): { readonly sources: readonly FleetSource[] } {
  const rates = (received: number, delivered: number) => ({
    fiveMinutes: { received, rejected: 0, delivered, deferred: 1, failed: 0, expired: 0 },
    hour: { received: received * 12, rejected: 3, delivered: delivered * 12, deferred: 9, failed: 1, expired: 0 },
  })
  const status = (changes: Partial<NodeStatus>) =>
    sampleStatus({
      at: now,
      startedAt: now - 51 * 3_600_000,
      queue: {
        messages: 14,
        recipients: { deferred: 17 },
        oldestArrivedAt: now - 52 * MINUTE,
        noticesDue: 0,
        suspended: 0,
        destinations: [
          { nextHop: 'mx:home.example', waiting: 12, earliestAttemptAt: now + 9 * MINUTE, wait: null, lastReply: null },
        ],
        paused: null,
      },
      ...changes,
    })
  return {
    sources: [
      sampleSource('srs-01.example.org', {
        status: status({ node: 'srs-01.example.org', role: 'srs', rates: rates(61, 58) }),
        events: forwarded(now),
      }),
      sampleSource('submission-01.example.org', {
        status: status({
          node: 'submission-01.example.org',
          role: 'submission',
          rates: rates(12, 12),
          health: {
            kind: 'degraded',
            checks: {
              queue: { kind: 'ok' },
              accounts: { kind: 'degraded', reason: 'user:lee is on hold since 2026-11-30T02:00:00.000Z' },
              [hostile.slice(0, 20)]: { kind: 'degraded', reason: hostile },
            },
          },
        }),
        maySearch: false,
      }),
      sampleSource('mta-01.example.org', { status: null }),
    ],
  }
}

function forwarded(now: number): readonly Event[] {
  const at = now - 2 * MINUTE + 900
  const base = { at, queueId: atSrs.queueId }
  const recipient = 'kim@home.example'
  const dsn = { at: at + 5000, queueId: atSrs.dsn }
  return [
    {
      kind: 'received',
      ...base,
      origin: 'peer:mx (dmarc-pass)',
      sender: 'ann@sender.example',
      remote: 'mx-01.example.org[192.0.2.1]',
      helo: 'mx-01.example.org',
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
      size: 48_501,
      messageId: '<2026.10.a81f@sender.example>',
    },
    {
      kind: 'resolved',
      ...base,
      recipient,
      original: recipient,
      reversePath: 'SRS0=KRtI=JK=sender.example=ann@forwards.example',
      nextHop: 'mx:home.example',
      steps: [],
    },
    {
      kind: 'failed',
      ...base,
      at: at + 4000,
      recipient,
      attempt: 1,
      scope: 'recipient',
      host: 'mx.home.example[198.51.100.20]:25',
      reply: `552 5.2.2 The mailbox is full ${hostile}`,
      status: '5.2.2',
      tls: { level: 'encrypted', policy: 'may', protocol: 'TLSv1.3' },
      sender: 'SRS0=KRtI=JK=sender.example=ann@forwards.example',
    } as Event,
    { kind: 'notified', ...base, at: at + 5000, notice: 'failed', to: 'ann@sender.example', dsn: atSrs.dsn },
    {
      kind: 'received',
      ...dsn,
      origin: 'local',
      sender: null,
      remote: 'local',
      helo: null,
      tls: null,
      size: 4_210,
      messageId: '<dsn.1@srs-01.example.org>',
    },
    {
      kind: 'delivered',
      ...dsn,
      at: at + 6000,
      recipient: 'ann@sender.example',
      attempt: 1,
      host: 'mx.sender.example[203.0.113.6]:25',
      reply: '250 2.0.0 Ok',
      status: '2.0.0',
      tls: { level: 'verified', policy: 'dane', protocol: 'TLSv1.3' },
      sender: null,
      delayMs: 1000,
      size: 4_210,
    } as Event,
  ]
}
