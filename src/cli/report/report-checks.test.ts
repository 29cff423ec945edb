// waypost report checks: the range, the output, and a ledger of several pages.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import type { WouldRejectEvent } from '../../observe/events.ts'
import type { OpenQueue } from '../../queue/contract/opened-queue.ts'
import { reportChecks } from './report-checks.ts'

const START = Date.UTC(2027, 0, 15, 8)
let node: QueueNode
let queue: OpenQueue
beforeEach(async () => {
  node = queueNode()
  queue = await node.open()
})
afterEach(() => node.place.remove())

const event = (at: number, change: Partial<WouldRejectEvent> = {}): WouldRejectEvent => ({
  kind: 'would-reject',
  at,
  queueId: null,
  session: `s${at - START}`,
  check: 'dnsbl',
  stage: 'rcpt',
  sender: 'ann@stranger.example',
  remote: 'unknown[192.0.2.1]',
  reply: '550 5.7.1 Your address 192.0.2.1 is listed by ours',
  cause: '',
  ...change,
})

const run = (since: number, until: number, json = false) =>
  runCommand((io) => reportChecks({ config: node.config, since, until, json }, io))

it('sums up the events of the range, over any number of pages', async () => {
  const all = Array.from({ length: 2_500 }, (_, i) => event(START + i))
  await queue.record(all)
  const figures = async (since: number, until: number) => {
    const { out } = await run(since, until, true)
    return out === ''
      ? 0
      : (JSON.parse(out) as { checks: [{ wouldRefuse: { recipients: number } }] }).checks[0].wouldRefuse.recipients
  }
  expect(await figures(0, START + 1e9)).toBe(2_500)
  expect(await figures(START + 10, START + 2_400)).toBe(2_390)
  expect(await figures(START + 2_499, START + 1e9)).toBe(1)
  expect(await figures(0, START + 1)).toBe(1)
})

it('prints a table, and what would be refused with an example to trace', async () => {
  await queue.record([
    event(START),
    event(START + 1, { check: 'spam', stage: 'data', reply: '451 4.7.1 Try again later' }),
  ])
  const { out, code } = await run(START, START + 60_000)
  // The output is captured as octets.
  expect(
    Buffer.from(out, 'latin1').toString(),
  ).toBe(`2027-01-15T08:00:00.000Z to 2027-01-15T08:01:00.000Z: 0 accepted messages

check  judged  refused  would refuse  temporary  marked  no answer  p50  p95
dnsbl       0        0             1          0       0          0    -    -
spam        0        0             1          1       0          0    -    -

dnsbl
  would refuse (test mode): 1 recipient
  reasons:
    1  550 5.7.1 Your address … is listed by ours  (trace s0)
  client networks of what would be refused:
    1  192.0.2.0/24  (trace s0)
  sender domains of what would be refused:
    1  stranger.example  (trace s0)

spam
  would refuse (test mode): 1 message
  reasons:
    1  451 4.7.1 Try again later  (trace s1)
  client networks of what would be refused:
    1  192.0.2.0/24  (trace s1)
  sender domains of what would be refused:
    1  stranger.example  (trace s1)
`)
  expect(code).toBe(0)
})

it('says so if no check has events', async () => {
  expect(await run(START, START + 1)).toEqual({
    code: 1,
    out: '',
    err: 'no check has events from 2027-01-15T08:00:00.000Z before 2027-01-15T08:00:00.001Z\n',
  })
})
