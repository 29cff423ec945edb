// A message is followed over nodes by the queue IDs that they exchange; nodes that are down, lie or never end do not stop it.

import { describe, expect, it } from 'vitest'
import { newQueueId } from '../lib/ids.ts'
import { systemRandom } from '../lib/random.ts'
import type { Event } from '../observe/events.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { followMessage } from './follow-message.ts'
import { ledgerOf, localSource, type TraceSource } from './trace-source.ts'

const clock = createFakeClock()
const id = () => newQueueId(clock, systemRandom)
const SRS = 'SRS0=KRtI=JK=stranger.example=ann@forwards.example'

function received(queueId: string, at: number, fields: object = {}): Event {
  return {
    kind: 'received',
    at,
    queueId,
    origin: 'internet',
    sender: 'ann@stranger.example',
    remote: 'x',
    helo: null,
    tls: null,
    size: 1,
    messageId: '<m@stranger.example>',
    ...fields,
  }
}
function delivered(queueId: string, at: number, reply: string): Event {
  return {
    kind: 'delivered',
    at,
    queueId,
    attempt: 1,
    host: 'h',
    reply,
    status: '2.0.0',
    tls: null,
    sender: null,
    delayMs: 1,
    size: 1,
    recipient: 'kim@far.example',
  }
}
function resolved(queueId: string, at: number, original: string, reversePath: string | null): Event {
  return {
    kind: 'resolved',
    at,
    queueId,
    original,
    reversePath,
    nextHop: 'mx:far.example',
    steps: [],
    recipient: 'kim@far.example',
  }
}

/** A node with these events; `trace` finds what a ledger finds. */
function node(name: string, events: readonly Event[]): TraceSource {
  const names = (event: Event, subject: string) =>
    event.queueId === subject ||
    (event.kind === 'received' && event.messageId === subject) ||
    event.recipient === subject ||
    (event.kind === 'resolved' && event.original === subject)
  const trace = async (subject: string) => {
    const ids = new Set(events.filter((event) => names(event, subject)).map(({ queueId }) => queueId))
    return { events: events.filter(({ queueId }) => ids.has(queueId)), hasOlder: false }
  }
  return localSource(ledgerOf({ trace, ledger: async function* () {} }, name), name)
}

const [mxId, srsId, dsnId, bounceId, backId] = [id(), id(), id(), id(), id()]
const mx = node('mx', [
  received(mxId, 1),
  resolved(mxId, 2, 'press@example.org', 'ann@stranger.example'),
  delivered(mxId, 4, `250 2.0.0 Ok: queued as ${srsId}`),
  received(bounceId, 20, { sender: null, messageId: '<b@far.example>' }),
  resolved(bounceId, 21, SRS, null),
  delivered(bounceId, 23, `250 2.0.0 Ok: queued as ${backId}`),
])
const srs = node('srs', [
  received(srsId, 3, { origin: 'peer:mx (dmarc-pass)' }),
  resolved(srsId, 5, 'kim@example.org', SRS),
  { kind: 'notified', at: 10, queueId: srsId, notice: 'failed', to: 'ann@stranger.example', dsn: dsnId },
  received(dsnId, 9, { origin: 'local', sender: null, messageId: null }),
  delivered(dsnId, 12, '250 2.0.0 Ok: queued as 4XYZ99'),
])
const dead: TraceSource & { readonly asked: string[] } = (() => {
  const asked: string[] = []
  const error = async (what: string) => {
    asked.push(what)
    return { kind: 'error', cause: 'connect ECONNREFUSED' } as const
  }
  return { name: 'mta', asked, message: error, sentAs: error, returned: error }
})()

const shape = ({ hops }: Awaited<ReturnType<typeof followMessage>>) =>
  hops.map(({ node: name, queueId, relation }) => [name, queueId, relation])

describe('a forwarded message', () => {
  it.each([
    ['the mx', mxId, 'asked', 'after'],
    ['the srs', srsId, 'before', 'asked'],
  ])('is followed from %s in both directions, to its DSN and its bounce', async (_from, from, atMx, atSrs) => {
    const trace = await followMessage(from, [mx, srs, dead])
    expect(shape(trace)).toEqual([
      ['mx', mxId, atMx],
      ['srs', srsId, atSrs],
      ['srs', dsnId, 'dsn'],
      ['mx', bounceId, 'returned'],
    ])
    expect(trace.problems).toEqual([{ node: 'mta', cause: 'connect ECONNREFUSED' }])
    expect(trace.isCut).toBe(false)
  })

  it('asks a node that does not answer only once', () => {
    expect(dead.asked).toHaveLength(2)
  })
})

describe('a message without a Message-ID', () => {
  const bare = { messageId: null }
  const [mxBare, srsBare] = [id(), id()]
  const sender = node('mx', [
    received(mxBare, 1, bare),
    resolved(mxBare, 2, 'press@example.org', 'ann@stranger.example'),
    delivered(mxBare, 4, `250 2.0.0 Ok: queued as ${srsBare}`),
  ])
  const receiver = node('srs', [
    received(srsBare, 3, { ...bare, origin: 'peer:mx (dmarc-pass)' }),
    resolved(srsBare, 5, 'kim@far.example', null),
  ])

  it('is followed back by its recipient and the queue ID that the next node gave it', async () => {
    expect(shape(await followMessage(srsBare, [sender, receiver]))).toEqual([
      ['mx', mxBare, 'before'],
      ['srs', srsBare, 'asked'],
    ])
  })

  it('is followed on at a node of an earlier release that does not know the question', async () => {
    const old: TraceSource = {
      ...sender,
      sentAs: async () => ({ kind: 'error', cause: 'it replied 400: no question of version 1' }),
    }
    const trace = await followMessage(srsBare, [old, receiver])
    expect(shape(trace)).toEqual([['srs', srsBare, 'asked']])
    expect(trace.problems).toEqual([{ node: 'mx', cause: 'it replied 400: no question of version 1' }])
    expect(shape(await followMessage(mxBare, [old, receiver]))).toEqual([
      ['mx', mxBare, 'asked'],
      ['srs', srsBare, 'after'],
    ])
  })
})

it('a trace ends with its time', async () => {
  let questions = 0
  const counted: TraceSource = {
    ...mx,
    message: (queueId) => {
      questions++
      return mx.message(queueId)
    },
  }
  const trace = await followMessage(mxId, [counted, srs], () => questions >= 1)
  expect(shape(trace)).toEqual([['mx', mxId, 'asked']])
  expect(trace.isCut).toBe(true)
})

describe('a node that lies', () => {
  it('cannot make a trace endless', async () => {
    const endless: TraceSource = {
      ...dead,
      name: 'liar',
      message: async (queueId) => ({
        kind: 'answer',
        value: { node: 'liar', events: [delivered(queueId, 1, `250 Ok: queued as ${id()}`)], hasMore: false },
      }),
    }
    const trace = await followMessage(id(), [endless])
    expect(trace.hops).toHaveLength(24)
    expect(trace.isCut).toBe(true)
  })

  it('is named with the name that it gives itself', async () => {
    const other: TraceSource = {
      ...mx,
      message: async (queueId) => ({
        kind: 'answer',
        value: { node: 'elsewhere', events: [received(queueId, 1)], hasMore: true },
      }),
    }
    const { hops } = await followMessage(id(), [other])
    expect(hops).toMatchObject([{ node: 'mx (elsewhere)', hasMore: true }])
  })
})

it('a message that no node knows has no hops', async () => {
  expect(await followMessage(id(), [mx, srs])).toEqual({ hops: [], problems: [], isCut: false })
})
