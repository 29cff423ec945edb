// The status of a node for tests, at 2026-11-21T00:00:00Z.

import { type NodeStatus, STATUS_VERSION } from '../../src/fleet-view/node-status.ts'

const AT = Date.UTC(2026, 10, 21)
const HOUR_MS = 3_600_000

const REPLY = 'mx.far.example[192.0.2.9]:25: 451 4.7.1 Try\n again \u001b[31mlater'
export function sampleStatus(changes: Partial<NodeStatus> = {}): NodeStatus {
  const counts = { received: 7, rejected: 0, delivered: 6, deferred: 1, failed: 0, expired: 0 }
  return {
    version: STATUS_VERSION,
    node: 'mx-01.example.org',
    role: 'mx',
    release: '0.1.0',
    at: AT,
    startedAt: AT - 2 * HOUR_MS,
    draining: false,
    health: { kind: 'ok', checks: { queue: { kind: 'ok' } } },
    queue: {
      messages: 2,
      recipients: { deferred: 1, held: 1 },
      oldestArrivedAt: AT - 300_000,
      noticesDue: 0,
      suspended: 0,
      destinations: [
        { nextHop: 'mx:far.example', waiting: 1, earliestAttemptAt: AT + 60_000, wait: null, lastReply: REPLY },
      ],
      paused: null,
    },
    rates: { fiveMinutes: counts, hour: counts },
    reload: { at: AT - HOUR_MS, result: 'reloaded', restartFor: ['peers'], problem: null },
    certificates: [{ key: 'tls', expiresAt: AT + 60 * 24 * HOUR_MS }],
    bans: 1,
    holds: 0,
    ...changes,
  }
}
