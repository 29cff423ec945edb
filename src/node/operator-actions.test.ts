// Which events of the ledger reach delivery and bounce.

import { expect, it } from 'vitest'
import type { Event } from '../observe/events.ts'
import { followOperatorActions } from './operator-actions.ts'

it('passes each destination to delivery once, and returned mail to bounce', () => {
  const subscribers: ((events: readonly Event[]) => void)[] = []
  const done: string[] = []
  followOperatorActions(
    { subscribe: (listener) => subscribers.push(listener) },
    {
      engine: {
        retryDestination: (nextHop) => done.push(`try ${nextHop}`),
        releaseDestination: (nextHop) => done.push(`leave ${nextHop}`),
      },
      noticesDue: () => done.push('notices due'),
    },
  )
  const by = { at: 1, queueId: null, by: 'ann', reason: '' }
  const retried: Event = { kind: 'retried', destination: 'mx:a', ...by }
  const others: Event[] = [
    { kind: 'held', ...by },
    { kind: 'suspended', destination: 'mx:b', ...by },
    { kind: 'resumed', destination: 'mx:c', ...by },
  ]
  for (const subscriber of subscribers) subscriber([retried, ...others, retried])
  expect(done).toEqual(['leave mx:b', 'try mx:a', 'try mx:c'])
  for (const subscriber of subscribers) subscriber([{ kind: 'bounced', ...by }])
  expect(done.at(-1)).toBe('notices due')
})
