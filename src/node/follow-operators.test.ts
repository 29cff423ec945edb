// Which events of the ledger reach delivery.

import { expect, it } from 'vitest'
import type { Event } from '../observe/events.ts'
import { followOperators } from './follow-operators.ts'

it('tells delivery of destinations, each once for many recipients', () => {
  const followers: ((events: readonly Event[]) => void)[] = []
  const done: string[] = []
  followOperators(
    { follow: (listener) => followers.push(listener) },
    {
      engine: {
        reconsider: (nextHop) => done.push(`try ${nextHop}`),
        leave: (nextHop) => done.push(`leave ${nextHop}`),
      },
      noticesDue: () => done.push('tell'),
    },
  )
  const by = { at: 1, queueId: null, by: 'ann', reason: '' }
  const retried: Event = { kind: 'retried', destination: 'mx:a', ...by }
  const others: Event[] = [
    { kind: 'held', ...by },
    { kind: 'suspended', destination: 'mx:b', ...by },
    { kind: 'resumed', destination: 'mx:c', ...by },
  ]
  for (const follower of followers) follower([retried, ...others, retried])
  expect(done).toEqual(['leave mx:b', 'try mx:a', 'try mx:c'])
  for (const follower of followers) follower([{ kind: 'bounced', ...by }])
  expect(done.at(-1)).toBe('tell')
})
