// waypost report bulk: the highest count of each author and day.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import type { CheckedEvent } from '../../observe/events.ts'
import { formatBulk } from '../../policy/bulk-detail.ts'
import { reportBulk } from './report-bulk.ts'

const START = Date.UTC(2027, 0, 15, 8)
const DAY_MS = 86_400_000
let node: QueueNode
beforeEach(() => {
  node = queueNode()
})
afterEach(() => node.place.remove())

const event = (at: number, author: string, recipients: number, check = 'bulk'): CheckedEvent => {
  return {
    kind: 'checked',
    at,
    queueId: 'q1',
    check,
    result: 'no-one-click',
    detail: formatBulk({ author, recipients }),
  }
}
const run = (json = false) =>
  runCommand((io) => reportBulk({ config: node.config, since: START, until: START + 3 * DAY_MS, json }, io))

it('lists authors by day, those with the most recipients first', async () => {
  const queue = await node.open()
  await queue.record([
    event(START, 'press@example.org', 1000),
    event(START + 1, 'press@example.org', 1200),
    event(START + 2, 'shop@example.org', 4000),
    event(START + DAY_MS, 'press@example.org', 1001),
    event(START + DAY_MS, 'lee@example.org', 9000, 'author'),
  ])
  const { code, out } = await run()
  expect({ code, out }).toEqual({
    code: 0,
    out: [
      '2027-01-15      4000  shop@example.org',
      '2027-01-15      1200  press@example.org',
      '2027-01-16      1001  press@example.org',
      '',
    ].join('\n'),
  })
  expect(JSON.parse((await run(true)).out).authors).toHaveLength(3)
  await queue.close()
})

it('fails if there are none', async () => {
  await (await node.open()).close()
  expect(await run()).toMatchObject({ code: 1, err: 'no mail to many without one click to unsubscribe\n' })
})
