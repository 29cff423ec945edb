// Several copies of one message in one commit: all or none, each with its body, some returned at once.

import { existsSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/lib/until.ts'
import {
  delivered,
  sampleMessage,
  sampleRecipient,
  type TestQueue,
  testQueue,
} from '../../../test/lib/queue-samples.ts'
import type { Event } from '../../observe/events.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { Claim, StoredBody } from '../contract/queue.ts'

let place: TestQueue
let queue: OpenQueue

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

const now = () => place.clock.time
const settle = (claim: Claim) =>
  queue.settle({
    queueId: claim.message.queueId,
    nextHop: claim.nextHop,
    outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() })),
  })
const gone = (file: string) =>
  until(() => !existsSync(`${place.directory}/spool/${file}`), { what: 'the spool file to go' })
const body = (text: string): StoredBody => ({ kind: 'inline', bytes: Buffer.from(text) })

async function spooled(octets: Buffer): Promise<StoredBody & { kind: 'spool' }> {
  const file = await queue.createSpoolFile()
  file.stream.write(octets)
  const { size } = await file.finish()
  return { kind: 'spool', file: file.file, size }
}

describe('several messages at once', () => {
  it('are claimed together, each with its own header and body', async () => {
    const messages = [sampleMessage({ body: body('one') }), sampleMessage({ body: body('second, longer') })]
    const claims = await queue.acceptAll(messages, { claim: true })
    expect(claims.map(({ message }) => [message.queueId, message.header, message.body])).toEqual(
      messages.map((one) => [one.queueId, one.header, one.body]),
    )
    await queue.release(claims)
    const back = await queue.claim({ nextHop: 'mx:example.net', limit: 9, now: now() })
    expect(back.map(({ message }) => [message.queueId, message.header, message.body])).toEqual(
      messages.map((one) => [one.queueId, one.header, one.body]),
    )
  })

  it('wait if nothing is claimed, also with other operations in the same commit', async () => {
    const [claims] = await Promise.all([
      queue.acceptAll([sampleMessage(), sampleMessage({ body: body('x'.repeat(999)) })], { claim: false }),
      queue.accept(sampleMessage(), { claim: false }),
    ])
    expect(claims).toEqual([])
    expect(queue.destinations()).toMatchObject([{ waiting: 3 }])
    const back = await queue.claim({ nextHop: 'mx:example.net', limit: 9, now: now() })
    expect(back.map(({ message }) => message.body.kind === 'inline' && message.body.bytes.length)).toContain(999)
  })

  it('are all refused if one is wrong, and leave nothing', async () => {
    const known = sampleMessage()
    await queue.accept(known, { claim: false })
    const fresh = sampleMessage()
    const heard: Event[] = []
    queue.subscribe((events) => heard.push(...events))
    const results = await Promise.allSettled([
      queue.acceptAll([fresh, { ...sampleMessage(), queueId: known.queueId }], { claim: false }),
      queue.accept(sampleMessage(), { claim: false }),
    ])
    expect(results.map((one) => one.status)).toEqual(['rejected', 'fulfilled'])
    expect((await queue.reader.stats()).messages).toBe(2)
    expect(heard.filter((event) => event.queueId === fresh.queueId)).toEqual([])
    expect(queue.destinations()).toMatchObject([{ waiting: 2 }])
  })

  it('survive a restart', async () => {
    await queue.acceptAll([sampleMessage(), sampleMessage()], { claim: false })
    await queue.close()
    queue = await place.open()
    expect(queue.destinations()).toMatchObject([{ waiting: 2 }])
  })
})

describe('a shared body', () => {
  it('is a second name of the same octets; each message removes its name', async () => {
    const first = await spooled(Buffer.alloc(100_000, 'body'))
    const { body: second } = await queue.shareBody(first)
    expect(second).toMatchObject({ kind: 'spool', size: first.size })
    const claims = await queue.acceptAll([sampleMessage({ body: first }), sampleMessage({ body: second })], {
      claim: true,
    })
    for (const claim of claims) await settle(claim)
    expect((await queue.reader.stats()).messages).toBe(0)
    for (const one of [first, second]) if (one.kind === 'spool') await gone(one.file)
  })

  it('stays readable until the second name is removed', async () => {
    const octets = Buffer.alloc(100_000, 'body')
    const first = await spooled(octets)
    const second = await queue.shareBody(first)
    const [claim] = await queue.acceptAll([sampleMessage({ body: first })], { claim: true })
    await settle(claim as Claim)
    await gone(first.file)
    expect((await buffer(queue.openBody(second.body))).equals(octets)).toBe(true)
    await second.discard()
    await expect(buffer(queue.openBody(second.body))).rejects.toThrow('ENOENT')
  })

  it('of a small message is the body itself', async () => {
    const inline = body('small')
    const shared = await queue.shareBody(inline)
    expect(shared.body).toBe(inline)
    await shared.discard()
  })

  it('is refused for a missing file', async () => {
    await expect(queue.shareBody({ kind: 'spool', file: '00/gone', size: 1 })).rejects.toThrow('ENOENT')
  })
})

describe('a message that is returned at once', () => {
  const returned = { status: '5.7.1', reply: '550 5.7.1 not to there' }

  it('fails at acceptance, with a notice due and without an attempt', async () => {
    const heard: Event[] = []
    queue.subscribe((events) => heard.push(...events))
    const back = sampleMessage({ returned, recipients: [sampleRecipient({ address: 'b@example.net' })] })
    const sent = sampleMessage()
    const claims = await queue.acceptAll([sent, back], { claim: true })
    expect(claims.flatMap(({ recipients }) => recipients.map((one) => one.address))).toEqual(['alice@example.net'])
    expect(queue.destinations()).toEqual([])
    const tasks = await queue.noticeTasks({ limit: 9, now: now() })
    expect(tasks).toMatchObject([
      {
        notice: 'failed',
        message: { queueId: back.queueId },
        recipients: [{ address: 'b@example.net', status: '5.7.1', reply: returned.reply, expired: false }],
      },
    ])
    const kinds = (queueId: string) => heard.filter((event) => event.queueId === queueId).map((event) => event.kind)
    expect(kinds(back.queueId)).toEqual(['received', 'resolved', 'failed'])
    expect(kinds(sent.queueId)).toEqual(['received', 'resolved'])
    expect(heard.filter((event) => event.kind === 'failed')).toEqual([
      expect.objectContaining({ queueId: back.queueId, recipient: 'b@example.net', attempt: 0, scope: 'recipient' }),
    ])
  })

  it('leaves nothing if no notice is due', async () => {
    const octets = Buffer.alloc(50_000, 'x')
    const file = await spooled(octets)
    const never = sampleRecipient({ parameters: { notify: ['NEVER'], orcpt: null } })
    await queue.acceptAll([sampleMessage({ returned, recipients: [never], body: file })], { claim: false })
    expect((await queue.reader.stats()).messages).toBe(0)
    expect(await queue.noticeTasks({ limit: 9, now: now() })).toEqual([])
    await gone(file.file)
  })
})
