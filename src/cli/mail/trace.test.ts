// waypost trace: range, limit and order.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import type { Event } from '../../observe/events.ts'
import { trace, type TraceOptions } from './trace.ts'

const START = Date.UTC(2027, 0, 15, 8)
const MINUTE = 60_000
let node: QueueNode
beforeEach(async () => {
  node = queueNode()
  const queue = await node.open()
  for (let n = 0; n < 5; n++)
    await queue.accept(sampleMessage({ queueId: `5dQ8bz00${n}cz4Fbcdf`, arrivedAt: START + n * MINUTE }), {
      claim: false,
    })
})
afterEach(() => node.place.remove())

const run = (options: TraceOptions & { json?: boolean } = {}) =>
  runCommand((io) => trace({ config: node.config, subject: 'alice@example.net', ...options }, io))
/** Of each message its number, in the order of the output. */
const numbers = ({ out }: { readonly out: string }) =>
  [...out.matchAll(/^5dQ8bz00(\d)/gm)].map((match) => Number(match[1]))

it('prints the oldest message first, or the newest', async () => {
  expect(numbers(await run())).toEqual([0, 1, 2, 3, 4])
  const { out } = await run({ newestFirst: true })
  expect(numbers({ out })).toEqual([4, 3, 2, 1, 0])
  expect(out.indexOf('resolved')).toBeLessThan(out.indexOf('received'))
  const events = JSON.parse((await run({ newestFirst: true, json: true })).out) as Event[]
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted((a, b) => b - a))
})

it('prints the events of a range, and says so if there are none', async () => {
  expect(numbers(await run({ since: START + MINUTE, until: START + 3 * MINUTE }))).toEqual([1, 2])
  expect(await run({ since: START + 5 * MINUTE, until: START + 6 * MINUTE })).toEqual({
    code: 1,
    out: '',
    err: 'no events for alice@example.net from 2027-01-15T08:05:00.000Z before 2027-01-15T08:06:00.000Z\n',
  })
})

it('prints the newest messages up to the limit, and says that there are older ones', async () => {
  const some = await run({ limit: 2 })
  expect(numbers(some)).toEqual([3, 4])
  expect(some.err).toBe('older messages match too; use --limit or --until to see them\n')
  expect((await run({ limit: 5 })).err).toBe('')
})

it('has times that --since takes as they are', async () => {
  const { out } = await run()
  const [first = ''] = /\S+Z/.exec(out) ?? []
  expect(first).toBe('2027-01-15T08:00:00.000Z')
  expect(numbers(await run({ since: Date.parse(first) + 1 }))).toEqual([1, 2, 3, 4])
})
