// Questions between nodes over the transfer listener: rights, answers, and nodes that are slow, long or wrong.

import { createHash, X509Certificate } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { sampleStatus } from '../../test/lib/sample-status.ts'
import { sampleMessage, sampleRecipient, type TestQueue, testQueue } from '../../test/lib/queue-samples.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createAuthority } from '../demo/ca.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { startTransferListener, type TransferListener } from '../queue/transfer/transfer-listener.ts'
import { createFleetAnswers } from './answer-question.ts'
import { createFleetClient } from './fleet-client.ts'
import { FLEET_PATH, QUESTION_OCTETS } from './fleet-messages.ts'
import { ledgerOf } from './trace-source.ts'

const authority = createAuthority('Fleet')
const issue = (name: string) => authority.issue({ names: [name], ips: ['127.0.0.1'] })
const [here, searcher, there, transferOnly, stranger] = [
  issue('here'),
  issue('searcher'),
  issue('there'),
  issue('transfer'),
  issue('stranger'),
] as const
const print = ({ certificate }: { readonly certificate: string }) =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')

let place: TestQueue
let queue: OpenQueue
let clock: FakeClock
let listener: TransferListener
let bugs: unknown[]
let status: () => Promise<ReturnType<typeof sampleStatus>>
const servers: Server[] = []

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
  clock = createFakeClock()
  bugs = []
  status = async () => sampleStatus({ at: clock.now() })
  const budgets = createBudgets(clock)
  const peer = { role: 'mx', mayTransfer: false, mayView: false }
  const peers = new Map([
    [print(here), { ...peer, host: 'here.example.org', mayView: true }],
    [print(searcher), { ...peer, host: 'searcher.example.org', mayView: true, maySearch: true }],
    [print(transferOnly), { ...peer, host: 'transfer.example.org', mayTransfer: true }],
  ])
  const rules = {
    roles: new Set<string>(),
    origins: new Set([]),
    internet: 'never',
    nextHops: () => new Set<string>(),
    messageSize: 1,
  } as const
  listener = await startTransferListener(
    { host: '127.0.0.1', port: 0, peers, isPeerAddress: () => false, rules, name: 'there.example.org' },
    {
      queue,
      certificate: { value: there },
      accepted: () => undefined,
      connections: budgets.pool('transferConnections'),
      clock,
      log: { warn: () => undefined, bug: (error) => void bugs.push(error) },
      questions: createFleetAnswers({
        status: () => status(),
        ledger: ledgerOf(queue.reader, 'there.example.org'),
        clock,
        places: budgets.pool('fleetQuestions'),
        rate: budgets.rate('fleetQuestionRate'),
      }),
      questionOctets: QUESTION_OCTETS,
      questionPath: FLEET_PATH,
    },
  )
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await listener.close()
  await place.remove()
  expect(bugs).toEqual([])
})

function client(as = here, { port = listener.port, known = print(there) } = {}) {
  const settings = {
    host: '127.0.0.1',
    port,
    certificate: as.certificate,
    key: as.key,
    fingerprints: new Set([known]),
    ca: null,
  }
  return createFleetClient([{ name: 'there', role: null, ...settings }], clock)
}

/** A message that was delivered with this reply. */
async function sent(reply: string): Promise<{ readonly queueId: string; readonly at: number }> {
  const message = sampleMessage({ recipients: [sampleRecipient({ address: 'kim@far.example' })] })
  const [claim] = await queue.accept(message, { claim: true })
  const recipient = claim?.recipients[0]
  if (!claim || !recipient) throw new Error('the message was not claimed')
  const outcome = {
    kind: 'delivered',
    dsnPassedOn: false,
    reply,
    status: '2.0.0',
    host: 'next.example.org',
    tls: null,
  } as const
  const { queueId } = message
  await queue.settle({
    queueId,
    nextHop: claim.nextHop,
    outcomes: [{ recipientId: recipient.recipientId, outcome }],
  })
  const { events } = await queue.reader.trace(queueId)
  return { queueId, at: events.find(({ kind }) => kind === 'delivered')?.at ?? 0 }
}

describe('a node that may ask', () => {
  it('gets the status', async () => {
    expect(await client().statuses()).toEqual([
      { name: 'there', told: { kind: 'answer', value: sampleStatus({ at: clock.now() }) }, clockAheadMs: 0 },
    ])
  })

  it('sees how far the clocks differ', async () => {
    status = async () => sampleStatus({ at: clock.now() - 90_000 })
    expect(await client().statuses()).toMatchObject([{ clockAheadMs: -90_000 }])
  })

  it('gets the events of a message by its queue ID, and of no other subject', async () => {
    const message = sampleMessage()
    await queue.accept(message, { claim: false })
    const [source] = client().sources
    expect(await source?.message(message.queueId)).toMatchObject({
      kind: 'answer',
      value: {
        node: 'there.example.org',
        hasMore: false,
        events: expect.arrayContaining([expect.objectContaining({ kind: 'received', queueId: message.queueId })]),
      },
    })
    expect(await source?.message('kim@far.example')).toMatchObject({
      kind: 'error',
      cause: expect.stringMatching(/^it replied 400/),
    })
    expect(await source?.returned('kim@far.example')).toMatchObject({
      kind: 'error',
      cause: expect.stringMatching(/400/),
    })
  })

  it('finds a message without a Message-ID by a recipient, the time and the queue ID of the next node', async () => {
    const next = 'F400000000011'
    const { queueId, at } = await sent(`250 2.0.0 Ok: queued as ${next}`)
    const [source] = client().sources
    expect(await source?.sentAs(next, { recipient: 'kim@far.example', at })).toEqual({
      kind: 'answer',
      value: [queueId],
    })
    const other = { kind: 'answer', value: [] }
    expect(await source?.sentAs('F400000000012', { recipient: 'kim@far.example', at })).toEqual(other)
    expect(await source?.sentAs(next, { recipient: 'kim@far.example', at: at + 3_600_000 })).toEqual(other)
  })

  it('searches for addresses only with the right to it', async () => {
    await sent('250 2.0.0 Ok')
    const wanted = { subject: 'kim@far.example', limit: 50 }
    expect(await client().sources[0]?.search(wanted)).toEqual({
      kind: 'error',
      cause: 'it replied 403: this node may not search for addresses here: see fleet_view.search',
    })
    const [source] = client(searcher).sources
    const found = await source?.search(wanted)
    expect(found?.kind === 'answer' && found.value.events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['received', 'delivered']),
    )
    expect(await source?.search({ subject: null, since: 0, limit: 1 })).toMatchObject({
      kind: 'answer',
      value: { hasMore: false, events: expect.arrayContaining([expect.objectContaining({ kind: 'received' })]) },
    })
    expect(await source?.search({ ...wanted, limit: 51 })).toMatchObject({
      kind: 'error',
      cause: expect.stringMatching(/^it replied 400/),
    })
  })

  it('is answered at its rate only, and gets the cause', async () => {
    const [source] = client().sources
    const answers = []
    for (let i = 0; i < 602; i++) answers.push(await source?.returned('SRS0=a=b=c=d@forwards.example'))
    expect(answers[0]).toEqual({ kind: 'answer', value: [] })
    expect(answers.at(-1)).toMatchObject({ kind: 'error', cause: expect.stringMatching(/429: too many questions/) })
  }, 60_000)

  it('gets the cause of a status that takes too long', async () => {
    status = () => new Promise(() => undefined)
    const asked = client().statuses()
    for (let i = 0; i < 200 && clock.sleeping < 3; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    await clock.advance(5000)
    expect(await asked).toMatchObject([
      { told: { kind: 'error', cause: expect.stringMatching(/503: no answer within 5 s/) } },
    ])
  })

  it('may not transfer', async () => {
    const { createRemoteReceiver } = await import('../queue/transfer/remote-receiver.ts')
    const known = { fingerprints: new Set([print(there)]), ca: null }
    const receiver = createRemoteReceiver({ host: '127.0.0.1', port: listener.port, ...here, ...known })
    expect(await receiver.identify()).toMatchObject({
      kind: 'error',
      cause: expect.stringMatching(/403: this node may not transfer/),
    })
    receiver.close()
  })
})

describe('another node', () => {
  it.each([
    ['that may only transfer', transferOnly, /403: this node may not ask/],
    ['that is not known', stranger, /403: unknown certificate/],
  ])('%s learns nothing', async (_what, as, cause) => {
    const asking = client(as)
    const { sources } = asking
    expect(await asking.statuses()).toMatchObject([
      { told: { kind: 'error', cause: expect.stringMatching(cause) }, clockAheadMs: null },
    ])
    expect(await sources[0]?.message(sampleMessage().queueId)).toMatchObject({ kind: 'error' })
  })

  it('with the wrong certificate is asked nothing', async () => {
    const asked = await client(here, { known: print(stranger) }).statuses()
    expect(asked).toMatchObject([{ told: { kind: 'error', cause: expect.stringMatching(/certificate is not known/) } }])
  })
})

describe('a node that is wrong', () => {
  async function answering(respond: (response: ServerResponse) => void): Promise<number> {
    const server = createServer({ cert: there.certificate, key: there.key }, (request, response) => {
      request.resume().once('end', () => respond(response))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  it.each([
    ['no JSON', 'x'],
    ['another version', JSON.stringify({ version: 2, status: sampleStatus() })],
    ['a status that makes no sense', JSON.stringify({ version: 1, status: { ...sampleStatus(), bans: 'many' } })],
  ])('with %s shows as such', async (_what, text) => {
    const port = await answering((response) => void response.end(text))
    expect(await client(here, { port }).statuses()).toMatchObject([
      { told: { kind: 'error', cause: expect.stringMatching(/makes no sense/) } },
    ])
  })

  it('with an endless answer is cut off', async () => {
    const port = await answering((response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more)
      }
      response.on('error', () => undefined)
      more()
    })
    expect(await client(here, { port }).statuses()).toMatchObject([
      { told: { kind: 'error', cause: 'its answer is too long' } },
    ])
  })

  it('that never answers ends at the deadline', async () => {
    let isAsked = false
    const port = await answering(() => (isAsked = true))
    const asked = client(here, { port }).statuses()
    for (let i = 0; i < 500 && !isAsked; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    await clock.advance(8000)
    expect(await asked).toMatchObject([{ told: { kind: 'error', cause: 'no answer within 8 s' } }])
  })

  it('says nothing about other messages, and what it says is free of control characters', async () => {
    const { queueId } = sampleMessage()
    const events = [
      { kind: 'unsigned', at: 1, queueId: 'another', reason: 'a lie' },
      { kind: 'news', at: 1, queueId },
      { kind: 'unsigned', at: 2, queueId, reason: 'a\u001b[2Jb', later: 'a field of a later release' },
    ]
    const port = await answering(
      (response) => void response.end(JSON.stringify({ version: 1, node: 'there', events, hasMore: false })),
    )
    const got = await client(here, { port }).sources[0]?.message(queueId)
    expect(got).toMatchObject({ kind: 'answer', value: { events: [{ kind: 'unsigned', reason: 'a\ufffd[2Jb' }] } })
    expect(got?.kind === 'answer' && got.value.events).toHaveLength(1)
  })
})
