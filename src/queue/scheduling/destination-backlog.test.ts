// The backlog of a queue: totals replace totals, and watchers read the new ones.

import { expect, it } from 'vitest'
import { Backlog } from './destination-backlog.ts'

const summary = (nextHop: string, waiting: number, earliestAttemptAt = 5) => ({ nextHop, waiting, earliestAttemptAt })

it('has nothing for an unknown destination', () => {
  expect(new Backlog().of('mx:a')).toEqual({ waiting: 0, earliestAttemptAt: 0 })
})

it('keeps the last totals and removes a destination with nothing waiting', () => {
  const backlog = new Backlog()
  backlog.apply([summary('mx:a', 3), summary('mx:b', 1)])
  backlog.apply([summary('mx:a', 2, 9), summary('mx:b', 0, 0)])
  expect(backlog.of('mx:a')).toMatchObject({ waiting: 2, earliestAttemptAt: 9 })
  expect(backlog.destinations()).toEqual([summary('mx:a', 2, 9)])
})

it('calls watchers with the changed next hops when the new totals can be read', () => {
  const backlog = new Backlog()
  const seen: unknown[] = []
  const end = backlog.watch((nextHops) =>
    seen.push(...nextHops.map((nextHop) => [nextHop, backlog.of(nextHop).waiting])),
  )
  backlog.apply([])
  backlog.apply([summary('mx:a', 3)])
  end()
  backlog.apply([summary('mx:a', 1)])
  expect(seen).toEqual([['mx:a', 3]])
})
