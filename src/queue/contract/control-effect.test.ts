// The effect of every action on a recipient in every state: the table and the operation agree.

import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  deferred,
  delivered,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import type { ControlAction } from './queue-control.ts'
import { effectOf } from './control-effect.ts'
import type { OpenQueue } from './opened-queue.ts'
import { allowedMoves, recipientStates, type RecipientState } from './states.ts'

const actions: readonly ControlAction[] = ['hold', 'release', 'retry', 'remove', 'bounce']
const by = 'postmaster'
let place: TestQueue
let queue: OpenQueue
beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

/** Queues a recipient and brings it into a state. */
async function bring(state: RecipientState): Promise<void> {
  const address = `${state}@example.net`
  const recipients = [sampleRecipient({ address, parameters: { notify: ['SUCCESS', 'FAILURE'], orcpt: null } })]
  const claims = await queue.accept(sampleMessage({ recipients }), { claim: !['queued', 'held'].includes(state) })
  const only = { filter: { recipient: address }, by, reason: 'x' }
  // A claimed recipient gets a pending action that a release can cancel.
  if (state === 'held' || state === 'claimed') await queue.control({ action: 'hold', ...only })
  if (state === 'failed') {
    await queue.release(claims)
    await queue.control({ action: 'bounce', ...only })
  }
  if (state === 'expired') place.clock.time += 6 * 86_400_000
  if (state !== 'deferred' && state !== 'delivered' && state !== 'expired') return
  for (const { message, nextHop, recipients: taken } of claims)
    await queue.settle({
      queueId: message.queueId,
      nextHop,
      outcomes: taken.map(({ recipientId }) => ({
        recipientId,
        outcome: state === 'delivered' ? delivered() : deferred(),
      })),
    })
}

const reachable = recipientStates.filter((state) => state !== 'transferring')

it.each(reachable.flatMap((state) => actions.map((action) => [action, state] as const)))(
  '%s of a %s one',
  async (action, state) => {
    await bring(state)
    expect((await queue.reader.stats()).recipients[state]).toBe(1)
    const expected = { change: [1, 0], pending: [0, 1], nothing: [0, 0] }[effectOf(action, state)]
    const { changed, afterAttempt } = await queue.control({ action, filter: {}, by, reason: 'x' })
    expect([changed, afterAttempt]).toEqual(expected)
  },
)

it('needs no move that the table of states forbids', () => {
  const target = {
    hold: ['held'],
    release: ['queued', 'deferred'],
    retry: [],
    remove: ['gone'],
    bounce: ['failed'],
  } as const
  for (const state of recipientStates)
    for (const action of actions)
      if (effectOf(action, state) === 'change')
        expect(allowedMoves[state]).toEqual(expect.arrayContaining([...target[action]]))
})
