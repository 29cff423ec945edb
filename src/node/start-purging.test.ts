// When a node purges and forgets: each hour, by its settings, one run at a time.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { startPurging } from './node-queue.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
let stops: AsyncDisposableStack
beforeEach(() => {
  stops = new AsyncDisposableStack()
})
afterEach(() => stops.disposeAsync())

function start(keepEvents: number, forget: { addresses: number; ips: number }) {
  const clock = createFakeClock()
  const asked: [what: string, days: number | null][] = []
  const bugs: string[] = []
  const days = (before: number) => (clock.now() - before) / DAY
  startPurging(
    { queue: { keep_events: keepEvents }, privacy: { forget } } as never,
    {
      purge: async (before) => asked.push(['purge', days(before)]),
      forget: async (part, before) => asked.push([part, days(before)]),
      overwriteUnused: async () => void asked.push(['overwrite', null]),
    },
    { clock, stops, log: { bug: (_error: unknown, text: string) => void bugs.push(text) } as never },
  )
  return { clock, asked, bugs }
}

it('forgets each part after its time, and overwrites unused pages once a day', async () => {
  const { clock, asked, bugs } = start(90 * DAY, { addresses: 7 * DAY, ips: 3 * DAY })
  await clock.advance(HOUR)
  const hourly = [
    ['purge', 90],
    ['addresses', 7],
    ['ips', 3],
  ]
  expect(asked).toEqual([...hourly, ['overwrite', null]])
  await clock.advance(HOUR)
  expect(asked.slice(4)).toEqual(hourly)
  await clock.advance(23 * HOUR)
  expect(asked.filter(([what]) => what === 'overwrite')).toHaveLength(2)
  expect(bugs).toEqual([])
})

it('forgets with the events at the latest', async () => {
  const { clock, asked } = start(2 * DAY, { addresses: 30 * DAY, ips: 30 * DAY })
  await clock.advance(HOUR)
  expect(asked.slice(0, 3)).toEqual([
    ['purge', 2],
    ['addresses', 2],
    ['ips', 2],
  ])
})
