// The actions of waypost queue on a running and on a stopped node: exit codes, text, JSON, dry runs, events.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { deferred, sampleMessage, sampleRecipient } from '../../../test/lib/queue-samples.ts'
import type { Event } from '../../observe/events.ts'
import type { OpenQueue } from '../../queue/contract/opened-queue.ts'
import type { Claim } from '../../queue/contract/queue.ts'
import { queueList } from './queue-list.ts'
import { queueStats } from './queue-stats.ts'
import { type QueueActionOptions, queueAction } from './queue-action.ts'
import { type SuspendOptions, queueSuspend } from './queue-suspend.ts'
import { trace } from '../mail/trace.ts'

let node: QueueNode
let queue: OpenQueue
const first = '5dQ8bz000cz4Fbcdf'
const second = '5dQ8bz000dz4Fbcdf'

beforeEach(async () => {
  node = queueNode()
  queue = await node.open()
  const to = (address: string, nextHop: string) => sampleRecipient({ address, nextHop })
  const lee = [to('lee@far.example', 'mx:far.example')]
  await queue.accept(sampleMessage({ queueId: first, recipients: lee }), { claim: false })
  const both = [to('kim@near.example', 'mx:near.example'), to('ann@far.example', 'mx:far.example')]
  const origin = { kind: 'user', identity: 'joe' } as const
  await queue.accept(sampleMessage({ queueId: second, recipients: both, sender: null, origin }), { claim: false })
})
afterEach(() => node.place.remove())

function act(change: Partial<QueueActionOptions>) {
  const plain = {
    queueIds: [],
    filter: {},
    all: false,
    reason: 'a test',
    by: 'ann',
    dryRun: false,
    json: false,
  } as const
  const options = { config: node.config, action: 'hold', now: node.place.clock.time, ...plain, ...change } as const
  return runCommand((io) => queueAction(options, io))
}
function suspend(change: Partial<SuspendOptions>) {
  const plain = { action: 'suspend', reason: 'a test', by: 'ann', dryRun: false, json: false } as const
  return runCommand((io) =>
    queueSuspend({ config: node.config, destinations: ['far.example'], ...plain, ...change }, io),
  )
}
const list = (queueIds: string[], filter: object) =>
  runCommand((io) => queueList({ config: node.config, queueIds, filter, json: true, now: node.place.clock.time }, io))
const listed = async (queueIds: string[] = [], filter: object = {}) =>
  (JSON.parse((await list(queueIds, filter)).out) as { recipients: { address: string; state: string }[] }[]).flatMap(
    ({ recipients }) => recipients.map(({ address, state }) => `${address} ${state}`),
  )
async function events(subject: string): Promise<Event[]> {
  const { out } = await runCommand((io) => trace({ config: node.config, subject, json: true }, io))
  return JSON.parse(out) as Event[]
}

describe('a filter selects recipients', () => {
  it.each([
    ['queue id', [first], {}, ['lee@far.example']],
    ['null sender', [], { sender: '<>' }, ['kim@near.example', 'ann@far.example']],
    ['recipient', [], { recipient: '*@far.example' }, ['lee@far.example', 'ann@far.example']],
    ['recipient as printed', [], { recipient: '<LEE@far.example>' }, ['lee@far.example']],
    ['destination', [], { destination: 'mx:near.*' }, ['kim@near.example']],
    ['state', [], { state: ['held'] }, []],
    ['age', [], { olderThan: 1000 }, []],
    ['identity', [], { identity: 'joe' }, ['kim@near.example', 'ann@far.example']],
    ['both conditions', [second], { recipient: 'ann@*' }, ['ann@far.example']],
  ])('by %s, the same for list and for actions', async (_, queueIds, filter, expected) => {
    expect(await listed(queueIds, filter)).toEqual(expected.map((one) => `${one} queued`))
    const { code } = await act({ queueIds, filter })
    expect(code).toBe(expected.length > 0 ? 0 : 1)
    expect((await listed([], { state: ['held'] })).toSorted()).toEqual(expected.map((one) => `${one} held`).toSorted())
  })

  it('by part of the last reply', async () => {
    const [claim] = (await queue.claim({ nextHop: 'mx:near.example', limit: 1, now: node.place.clock.time })) as [Claim]
    const outcomes = claim.recipients.map(({ recipientId }) => ({ recipientId, outcome: deferred() }))
    await queue.settle({ queueId: second, nextHop: 'mx:near.example', outcomes })
    expect(await act({ action: 'retry', filter: { reply: 'TRY later' } })).toMatchObject({ code: 0 })
    expect(await act({ action: 'remove', filter: { reply: '' } })).toMatchObject({
      code: 2,
      err: '--reply: found an empty text, expected a pattern or text\n',
    })
  })

  it('by letters outside ASCII, as printed', async () => {
    const recipients = [sampleRecipient({ address: 'ÅSA@far.example' })]
    await queue.accept(sampleMessage({ recipients }), { claim: false })
    expect((await list([], { recipient: 'ÅSA@FAR.example' })).out).toContain('SA@far.example')
  })

  it('reports invalid filters', async () => {
    expect(await act({ queueIds: ['ann@far.example'] })).toMatchObject({
      code: 2,
      err: expect.stringContaining('found ann@far.example, expected a queue ID'),
    })
    expect((await act({ filter: { state: ['lost'] } })).err).toMatch(
      /--state: found lost, expected one of queued, deferred/,
    )
    expect(await list([], { state: ['lost'] })).toMatchObject({ code: 2 })
  })
})

describe('a command without conditions', () => {
  it('needs --all', async () => {
    const { code, err } = await act({ action: 'remove' })
    expect([code, err]).toEqual([
      2,
      'found no condition, expected queue IDs or an option such as --recipient, or --all to remove everything\n',
    ])
    expect(await act({ action: 'remove', all: true })).toMatchObject({ code: 0, out: '3 recipients removed\n' })
    expect((await queue.reader.stats()).messages).toBe(0)
  })
})

describe('an action', () => {
  it('is an event with operator and reason', async () => {
    await act({ action: 'bounce', queueIds: [first] })
    expect(await events(first)).toMatchObject([
      { kind: 'received' },
      { kind: 'resolved' },
      { kind: 'bounced', by: 'ann', reason: 'a test' },
      { kind: 'failed', reply: 'a test' },
    ])
  })

  it('bounces with a default reason', async () => {
    await act({ action: 'bounce', queueIds: [first], reason: '' })
    expect((await events(first)).at(-1)).toMatchObject({ reply: 'the operator of this system returned the message' })
  })

  it('on a recipient in a running attempt becomes pending', async () => {
    await queue.claim({ nextHop: 'mx:far.example', limit: 1, now: node.place.clock.time })
    const { out } = await act({ filter: { destination: 'mx:far.example' } })
    expect(out).toBe(
      '1 recipient held\n1 recipient in a running attempt: the action follows if the attempt does not deliver\n',
    )
  })

  it('on a recipient in a running attempt is listed and can be cancelled', async () => {
    await queue.claim({ nextHop: 'mx:near.example', limit: 1, now: node.place.clock.time })
    const filter = { state: ['claimed'] }
    expect(await act({ action: 'release', filter, dryRun: true })).toMatchObject({ code: 1 })
    expect(await act({ action: 'release', filter })).toMatchObject({ code: 1, err: 'no recipient to release\n' })
    await act({ action: 'remove', filter })
    expect(JSON.parse((await list([], filter)).out)).toMatchObject([{ recipients: [{ pendingAction: 'remove' }] }])
    for (const dryRun of [true, false])
      expect(await act({ action: 'release', filter, dryRun })).toMatchObject({
        code: 0,
        out: expect.stringContaining('1 recipient in a running attempt: the pending action is cancelled\n'),
      })
    expect(JSON.parse((await list([], filter)).out)).toMatchObject([{ recipients: [{ pendingAction: null }] }])
  })

  it('reports that no recipient matches', async () => {
    expect(await act({ action: 'release', all: true })).toEqual({ code: 1, out: '', err: 'no recipient to release\n' })
    const { out } = await act({ action: 'release', all: true, json: true })
    expect(JSON.parse(out)).toEqual({ action: 'release', dryRun: false, changed: 0, afterAttempt: 0, stillWaiting: [] })
  })

  it('works on a stopped node', async () => {
    await queue.close()
    expect(await act({ queueIds: [first] })).toMatchObject({ code: 0, out: '1 recipient held\n' })
    queue = await node.open()
    expect((await queue.reader.stats()).recipients.held).toBe(1)
  })
})

describe('a dry run', () => {
  it('prints the recipients and changes nothing', async () => {
    const { code, out } = await act({ filter: { recipient: '*@far.example' }, dryRun: true })
    expect([code, out.trimEnd().split('\n')]).toEqual([
      0,
      [
        `${first}  <sender@example.org> lee@far.example  queued, next hop mx:far.example`,
        `${second}  <> ann@far.example  queued, next hop mx:far.example`,
        '2 recipients would be held',
      ],
    ])
    expect((await queue.reader.stats()).recipients.held).toBe(0)
    const preview = JSON.parse((await act({ all: true, dryRun: true, json: true })).out) as object
    expect(preview).toMatchObject({ dryRun: true, changed: 3, afterAttempt: 0, messages: [{ queueId: first }, {}] })
    expect(await act({ action: 'release', all: true, dryRun: true })).toMatchObject({ code: 1 })
  })
})

describe('a destination', () => {
  it('is suspended and resumed once, with an event', async () => {
    expect(await suspend({})).toEqual({ code: 0, out: 'mx:far.example suspended\n', err: '' })
    expect(await suspend({})).toEqual({ code: 1, out: '', err: 'mx:far.example is suspended already\n' })
    expect(await queue.claim({ nextHop: 'mx:far.example', limit: 1, now: node.place.clock.time })).toEqual([])
    const stats = await runCommand((io) =>
      queueStats({ config: node.config, json: false, now: node.place.clock.time }, io),
    )
    expect(stats.out).toMatch(/suspended:\n {2}mx:far\.example since .+ by ann: a test/)
    expect(await suspend({ action: 'resume', json: true })).toMatchObject({ code: 0 })
    expect(await suspend({ action: 'resume' })).toMatchObject({ code: 1, err: 'mx:far.example is not suspended\n' })
    expect(await events('mx:far.example')).toMatchObject([
      { kind: 'suspended', destination: 'mx:far.example', by: 'ann', reason: 'a test' },
      { kind: 'resumed', destination: 'mx:far.example', by: 'ann', reason: 'a test' },
    ])
  })

  it('is a subject of trace', async () => {
    await suspend({})
    const { out } = await runCommand((io) => trace({ config: node.config, subject: 'mx:far.example' }, io))
    expect(out).toMatch(/^mx:far\.example\n {2}.+ suspended by ann: mx:far\.example \(reason: a test\)\n$/)
  })

  it.each(['Bücher.example', 'mx:bücher.example', 'mx:XN--BCHER-kva.example'])(
    'has one form in the queue: %s',
    async (name) => {
      expect(await suspend({ destinations: [name] })).toMatchObject({ out: 'mx:xn--bcher-kva.example suspended\n' })
    },
  )

  it('has a dry run, and must be valid', async () => {
    expect((await suspend({ dryRun: true })).out).toBe('mx:far.example suspended (dry run), 2 waiting\n')
    expect((await queue.reader.stats()).suspended).toEqual([])
    for (const invalid of ['nonsense', 'a b.example', 'mx:a..example', ''])
      expect(await suspend({ destinations: [invalid] })).toMatchObject({ code: 2 })
  })
})

it('stats counts the queue', async () => {
  const stats = (json: boolean) =>
    runCommand((io) => queueStats({ config: node.config, json, now: node.place.clock.time + 90_000 }, io))
  const { out } = await stats(false)
  expect(out).toMatch(
    /^2 messages, the oldest 1m30s old\n +3 queued\ndestinations:\n +2 mx:far.example, next attempt now\n/,
  )
  expect(JSON.parse((await stats(true)).out)).toMatchObject({ messages: 2, recipients: { queued: 3, transferring: 0 } })
})
