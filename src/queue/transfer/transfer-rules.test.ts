// What a peer may bring into the queue of this node.

import { describe, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient } from '../../../test/lib/queue-samples.ts'
import type { TransferHead } from './transfer-head.ts'
import { transferProblem, type TransferRules, transferredOrigin } from './transfer-rules.ts'

const NOW = 1_800_000_000_000
const DAY_MS = 86_400_000
const rules: TransferRules = {
  roles: new Set(['mx', 'srs']),
  origins: new Set(['internet', 'peer']),
  internet: 'always',
  nextHops: () => new Set(['smtp:[relay.example.net]:587', 'lmtp:unix:/run/list.sock']),
  messageSize: 1000,
}
const state = {
  state: 'queued',
  attempts: 0,
  nextAttemptAt: NOW,
  noticeDue: null,
  delayNotified: false,
  last: null,
} as const

function headTo(nextHop: string, change: Partial<TransferHead> = {}): TransferHead {
  const { header: _, body: __, events: ___, ...message } = sampleMessage({ arrivedAt: NOW })
  const reversePath = change.sender === null ? null : 'sender@example.org'
  const recipients = [{ ...sampleRecipient({ nextHop, reversePath }), ...state }]
  return { ...message, expiresAt: NOW + DAY_MS, headerSize: 100, bodySize: 900, history: [], recipients, ...change }
}

describe('a next hop', () => {
  it.each(['mx:example.net', 'peers:srs', 'smtp:[relay.example.net]:587', 'lmtp:unix:/run/list.sock'])(
    'that this node uses is accepted: %s',
    (nextHop) => expect(transferProblem(headTo(nextHop), rules, NOW)).toBeNull(),
  )

  it.each([
    ['a host', 'smtp:[127.0.0.1]:6379', /not in the configuration or the routing data/],
    ['another port of a known host', 'smtp:[relay.example.net]:25', /not in the configuration/],
    ['MX hosts at another port', 'smtp:example.net:2525', /not in the configuration/],
    ['a socket', 'lmtp:unix:/run/docker.sock', /not in the configuration/],
    ['an LMTP host', 'lmtp:[::1]:24', /not in the configuration/],
    ['a role without peers', 'peers:other', /no peers in the configuration/],
  ])('that the peer chose is refused: %s', (_what, nextHop, problem) => {
    expect(transferProblem(headTo(nextHop), rules, NOW)).toMatch(problem)
  })

  it('is the internet only for mail that the role sends there', () => {
    const bounces = { ...rules, internet: 'bounces' } as const
    expect(transferProblem(headTo('mx:example.net'), bounces, NOW)).toMatch(/role of this node does not send such mail/)
    expect(transferProblem(headTo('mx:example.net', { sender: null }), bounces, NOW)).toBeNull()
    const never = { ...rules, internet: 'never' } as const
    expect(transferProblem(headTo('mx:example.net', { sender: null }), never, NOW)).toMatch(/does not send/)
    expect(transferProblem(headTo('peers:mx'), never, NOW)).toBeNull()
  })
})

describe('a message', () => {
  it.each([
    ['from the future', { arrivedAt: NOW + DAY_MS }, /compare the clocks/],
    ['that never expires', { expiresAt: NOW + 1000 * DAY_MS }, /expires too late/],
    ['that is too large', { bodySize: 1001 }, /limits\.message_size of this node is 1000/],
  ])('%s is refused', (_what, change, problem) => {
    expect(transferProblem(headTo('mx:example.net', change), rules, NOW)).toMatch(problem)
  })
})

describe('an origin', () => {
  const from = { role: 'srs', host: 'srs-02.example.org' }

  it.each([
    ['of the internet stays', { kind: 'internet' }, { kind: 'internet' }],
    [
      'of a known peer stays',
      { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' },
      { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' },
    ],
    [
      'of an unknown role is of the sending peer',
      { kind: 'peer', role: 'root', vouched: 'nothing' },
      { kind: 'peer', role: 'srs', vouched: 'nothing' },
    ],
    [
      'of a user becomes what a peer can vouch for',
      { kind: 'user', identity: 'ann' },
      { kind: 'peer', role: 'srs', vouched: 'authenticated' },
    ],
    ['of a machine too', { kind: 'machine', identity: 'web' }, { kind: 'peer', role: 'srs', vouched: 'authenticated' }],
    ['of the node itself too', { kind: 'local' }, { kind: 'peer', role: 'srs', vouched: 'authenticated' }],
  ] as const)('%s', (_what, origin, expected) => {
    expect(transferredOrigin(origin, rules, from)).toEqual(expected)
  })

  it('of a user stays where users can log in', () => {
    const submission = { ...rules, origins: new Set(['user'] as const) }
    expect(transferredOrigin({ kind: 'user', identity: 'ann' }, submission, from)).toEqual({
      kind: 'user',
      identity: 'ann',
    })
  })
})
