// Why a recipient waits and until when, for each thing that can stop it; what a release or a retry leaves.

import { expect, it } from 'vitest'
import type { ListedMessage, ListedRecipient } from '../../queue/contract/queue-reader.ts'
import type { DestinationWait } from '../../queue/scheduling/destination-wait.ts'
import type { NodeWaits } from '../../queue/scheduling/why-waiting.ts'
import { stillWaiting } from './still-waiting.ts'
import { whyWaiting } from '../../queue/scheduling/why-waiting.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const MINUTE = 60_000
const nextHop = 'mx:example.net'
const by = { at: NOW - 90 * MINUTE, by: 'root', reason: 'maintenance' }

const recipient = (change: Partial<ListedRecipient> = {}): ListedRecipient => ({
  address: 'kim@example.net',
  original: 'kim@example.net',
  reversePath: null,
  nextHop,
  private: false,
  state: 'deferred',
  attempts: 2,
  nextAttemptAt: NOW,
  suspended: false,
  suspension: null,
  hold: null,
  pendingAction: null,
  noticeDue: null,
  last: null,
  ...change,
})
const node = (wait?: Partial<DestinationWait>, stopped: string | null = null): NodeWaits => {
  const whole = { nextHop, reason: 'unreachable', until: NOW + 20_000, active: 5, limit: 5, ...wait } as const
  return { stopped, destinations: new Map(wait ? [[nextHop, whole]] : []) }
}

it.each<[string, Partial<ListedRecipient>, NodeWaits, object]>([
  ['nothing', {}, node(), { reason: 'due', until: null, text: 'due now' }],
  [
    'its own back-off',
    { nextAttemptAt: NOW + 5 * MINUTE },
    node(),
    {
      reason: 'back-off',
      until: NOW + 5 * MINUTE,
      text: 'next attempt 2026-11-21T12:05:00.000Z (in 5m): back-off after 2 attempts',
    },
  ],
  [
    'a hold',
    { state: 'held', hold: by },
    node({}),
    { reason: 'held', by, text: 'held by root since 2026-11-21T10:30:00.000Z (1h30m ago): maintenance' },
  ],
  [
    'a hold without a reason',
    { state: 'held', hold: { ...by, reason: '' } },
    node(),
    { text: 'held by root since 2026-11-21T10:30:00.000Z (1h30m ago), without a reason' },
  ],
  [
    'a hold of an earlier release',
    { state: 'held' },
    node(),
    { reason: 'held', by: null, text: 'held; the trace of the message says by whom' },
  ],
  [
    'a suspension, whatever its time',
    { suspended: true, suspension: by, nextAttemptAt: NOW + MINUTE },
    node({}),
    {
      reason: 'suspended',
      until: null,
      text: 'the destination is suspended by root since 2026-11-21T10:30:00.000Z (1h30m ago): maintenance',
    },
  ],
  [
    'an unreachable destination',
    {},
    node({}),
    {
      reason: 'unreachable',
      until: NOW + 20_000,
      text: 'due; its destination cannot be reached, and is probed 2026-11-21T12:00:20.000Z (in 20s)',
    },
  ],
  [
    'its back-off, if the destination is tried earlier',
    { nextAttemptAt: NOW + MINUTE },
    node({}),
    { reason: 'back-off' },
  ],
  ['the destination, if that is later', { nextAttemptAt: NOW + 10_000 }, node({}), { reason: 'unreachable' }],
  ['a rate', {}, node({ reason: 'rate' }), { reason: 'rate', until: NOW + 20_000 }],
  [
    'simultaneous deliveries',
    {},
    node({ reason: 'concurrency', until: null }),
    { reason: 'concurrency', until: null, text: 'due; 5 of 5 permitted deliveries to its destination are running' },
  ],
  ['a stopped node', {}, node(undefined, 'no node is running'), { reason: 'stopped' }],
])('names %s', (_, change, waits, expected) => {
  expect(whyWaiting(recipient(change), waits, NOW)).toMatchObject(expected)
})

it.each(['claimed', 'failed', 'delivered', 'transferring'] as const)(
  'is silent about a recipient that is %s',
  (state) => {
    expect(whyWaiting(recipient({ state }), node({}), NOW)).toBeNull()
  },
)

async function left(action: 'release' | 'retry', recipients: ListedRecipient[], waits: NodeWaits) {
  const list = async function* () {
    yield { recipients } as unknown as ListedMessage
  }
  const found = await stillWaiting({ list }, { action, filter: {} }, { node: waits, now: NOW })
  return found.map(({ reason, recipients: count }) => `${count} ${reason}`)
}
const held = recipient({ state: 'held', hold: by })
const suspended = recipient({ suspended: true, suspension: by })

it('says what a release leaves: a suspension, the destination, a stopped node', async () => {
  expect(await left('release', [held, held], node())).toEqual([])
  expect(await left('release', [held, held], node({}))).toEqual(['2 unreachable'])
  expect(await left('release', [{ ...held, suspended: true, suspension: by }], node({}))).toEqual(['1 suspended'])
  expect(await left('release', [held], node(undefined, 'no node'))).toEqual(['1 stopped'])
})

it('says what a retry leaves: a hold, a suspension, running deliveries; it ends the pause of a destination', async () => {
  expect(await left('retry', [recipient(), held, suspended], node({}))).toEqual(['1 held', '1 suspended'])
  expect(await left('retry', [recipient()], node({ reason: 'concurrency', until: null }))).toEqual(['1 concurrency'])
})

it('names a suspension of mail that a release does not change', async () => {
  expect(await left('release', [suspended, recipient()], node({}, 'no node'))).toEqual(['1 suspended'])
})
