// waypost queue list and show: output for terminals and for programs.

import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type CommandEnd, type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { deferred, sampleMessage, sampleRecipient } from '../../../test/lib/queue-samples.ts'
import type { OpenQueue } from '../../queue/contract/opened-queue.ts'
import type { Claim } from '../../queue/contract/queue.ts'
import { queueList } from './queue-list.ts'
import { queueShow } from './queue-show.ts'
import { trace } from '../mail/trace.ts'

const queueId = '5dQ8bz000cz4Fbcdf'
let node: QueueNode
let queue: OpenQueue
beforeEach(async () => {
  node = queueNode()
  queue = await node.open()
})
afterEach(() => node.place.remove())

const list = (json = false) =>
  runCommand((io) => queueList({ config: node.config, queueIds: [], filter: {}, json, now: node.place.clock.time }, io))
const show = () => runCommand((io) => queueShow({ config: node.config, queueId, now: node.place.clock.time }, io))
const utf8 = ({ out }: CommandEnd) => Buffer.from(out, 'latin1').toString()

describe('mail of a stranger', () => {
  const hostile = 'a\u009b2J\u001b]0;x\u0007\u202e'
  const shown = 'a\\u009b2J\\u001b]0;x\\u0007\\u202e'

  beforeEach(async () => {
    const recipients = [sampleRecipient({ address: 'kim@example.net', nextHop: 'mx:example.net' })]
    const header = Buffer.from(`Subject: Grüße ${hostile}\r\n\r\n`)
    await queue.accept(sampleMessage({ queueId, sender: `${hostile}@x.example`, header, recipients }), { claim: false })
    const [claim] = (await queue.claim({ nextHop: 'mx:example.net', limit: 1, now: node.place.clock.time })) as [Claim]
    const outcome = { ...deferred(), reply: `450 ${hostile}` }
    const outcomes = claim.recipients.map(({ recipientId }) => ({ recipientId, outcome }))
    await queue.settle({ queueId, nextHop: 'mx:example.net', outcomes })
  })

  it('cannot control a terminal, in any command', async () => {
    const traced = await runCommand((io) => trace({ config: node.config, subject: queueId }, io))
    for (const out of [await list(), await show(), traced].map(utf8)) {
      expect(out).toContain(`<${shown}@x.example>`)
      expect(out).toContain(`450 ${shown}`)
      // oxlint-disable-next-line no-control-regex -- control characters are what it matches
      expect(out).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
    }
    expect(utf8(await show())).toContain(`Subject: Grüße ${shown}`)
  })

  it('is complete in JSON', async () => {
    const { out } = await list(true)
    expect(out).not.toContain('\u009b')
    expect(JSON.parse(out)).toMatchObject([
      { sender: `${hostile}@x.example`, recipients: [{ last: { reply: `450 ${hostile}` } }] },
    ])
  })
})

it.each([false, true])('is written with backpressure, however long it is (JSON: %s)', async (json) => {
  const recipients = Array.from({ length: 20 }, (_, n) => sampleRecipient({ address: `r${n}@example.net` }))
  for (let n = 0; n < 20; n++) await queue.accept(sampleMessage({ recipients }), { claim: false })
  let [total, longest] = [0, 0]
  const slow = new Writable({
    highWaterMark: 1_000,
    write(piece: Buffer, _encoding, done) {
      total += piece.length
      longest = Math.max(longest, slow.writableLength)
      setImmediate(done)
    },
  })
  const options = { config: node.config, queueIds: [], filter: {}, json, now: node.place.clock.time }
  expect(await queueList(options, { ...captureIo(), stdout: slow })).toBe(0)
  expect(longest).toBeLessThan(total / 3)
})

it.each([0, 1, 2])('is a JSON array of %i messages', async (count) => {
  for (let n = 0; n < count; n++) await queue.accept(sampleMessage(), { claim: false })
  const { out } = await list(true)
  expect(out).toBe(`${JSON.stringify(JSON.parse(out), null, 2)}\n`)
  expect(JSON.parse(out)).toHaveLength(count)
})
