// A peer that was taken over writes to the transfer listener of a running node: broken HTTP, broken heads, smuggled commands, other origins
// and destinations. The node stays up, takes none of it, and continues to accept an honest queue.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newQueueId } from '../../src/lib/ids.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { TransferredMessage } from '../../src/queue/contract/queue-transfer.ts'
import { writeHead } from '../../src/queue/transfer/transfer-head.ts'
import { sampleMessage, sampleRecipient } from '../lib/queue-samples.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { openNodeQueueOf, type TransferPair, transferPair } from '../lib/transfer-pair.ts'
import { startWorld, type World } from '../lib/whole-node.ts'

let world: World
let pair: TransferPair
let identity: string

beforeAll(async () => {
  world = await startWorld()
  pair = await transferPair(world)
  await pair.taker.start()
  const greeting = await send('GET /transfer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  identity = (JSON.parse(greeting.split('\r\n\r\n')[1] ?? '{}') as { queue: string }).queue
})
afterAll(() => world.close())

/** Sends octets with the certificate of the peer and returns all that comes back. `ends` closes this side after the octets. */
function send(octets: string | Buffer, ends = false): Promise<string> {
  const [host = '', port = ''] = pair.to.split(':')
  const folder = dirname(pair.giver.config)
  const [cert, key] = ['node.pem', 'node.key'].map((name) => readFileSync(join(folder, name)))
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host, port: Number(port), cert, key, rejectUnauthorized: false })
    socket.on('secureConnect', () => (ends ? socket.end(octets) : socket.write(octets)))
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('error', () => undefined)
    socket.once('close', () => resolve(text))
  })
}

function messageOf(change: Partial<TransferredMessage>, recipient: object = {}): TransferredMessage {
  const arrivedAt = Date.now()
  const queueId = newQueueId(systemClock, systemRandom)
  const { events: _, recipients, ...rest } = sampleMessage({ queueId, arrivedAt })
  const state = {
    state: 'queued',
    attempts: 0,
    nextAttemptAt: arrivedAt,
    noticeDue: null,
    delayNotified: false,
    last: null,
  } as const
  return {
    ...rest,
    expiresAt: arrivedAt + 86_400_000,
    recipients: recipients.map((one) => ({ ...one, ...state, ...recipient })),
    history: [],
    ...change,
  }
}

function offer(message: TransferredMessage, body = 'Hello\r\n', headers = ''): Promise<string> {
  const head = writeHead({ ...message, body: { kind: 'inline', bytes: Buffer.from(body) } })
  const content = Buffer.concat([head, message.header, Buffer.from(body)])
  const token = systemRandom(18).toString('base64url')
  const lines = `PUT /transfer/${token} HTTP/1.1\r\nhost: x\r\nwaypost-queue: ${identity}\r\nconnection: close\r\n${headers}content-length: ${content.length}\r\n\r\n`
  return send(Buffer.concat([Buffer.from(lines), content]))
}

const statusOf = (reply: string) => /^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1]
const smuggled = 'kim@example.org>\r\nRCPT TO:<victim@example.org'

it.each([
  ['CRLF in the reverse-path of a recipient', () => offer(messageOf({}, { reversePath: smuggled }))],
  ['CRLF in the sender', () => offer(messageOf({ sender: smuggled }))],
  ['CRLF in a recipient', () => offer(messageOf({}, { address: smuggled }))],
  ['a database as the next hop', () => offer(messageOf({}, { nextHop: 'smtp:[127.0.0.1]:6379' }))],
  ['a socket as the next hop', () => offer(messageOf({}, { nextHop: 'lmtp:unix:/run/docker.sock' }))],
  ['the end of data in the body', () => offer(messageOf({}), 'x\r\n.\nMAIL FROM:<x@example.org>\r\n')],
  ['the end of data in the header', () => offer(messageOf({ header: Buffer.from('Subject: x\n.\r\n\r\n') }))],
  ['CRLF in ENVID', () => offer(messageOf({ parameters: { ...messageOf({}).parameters, envid: 'x\r\nDATA' } }))],
  ['the year 10000', () => offer(messageOf({ expiresAt: 253_402_300_800_000 }))],
  ['a queue ID that is a path', () => offer(messageOf({ queueId: '../../../etc/passwd' }))],
])('%s is refused', async (_what, attack) => {
  expect(statusOf(await attack())).toBe('422')
  expect(pair.taker.queue()).toEqual([])
})

it('an origin of a user becomes that of a peer', async () => {
  await (await openNodeQueueOf(pair.giver)).close()
  const message = messageOf(
    { origin: { kind: 'user', identity: 'root' } },
    { state: 'held', nextHop: 'mx:nowhere.example' },
  )
  expect(await offer(message, 'x\r\n', 'waypost-node: forged.example.org\r\n')).toContain('"accepted"')
  const [listed] = pair.taker.queue()
  expect(JSON.stringify(pair.taker.ledger())).toContain(`forged.example.org (${pair.giver.address})`)
  expect(listed?.queueId).toBe(message.queueId)
  const shown = await runWaypost(['queue', 'show', message.queueId, '-c', pair.taker.config, '--json'])
  expect(JSON.parse(shown.stdout)).toMatchObject({ origin: { kind: 'peer', role: 'srs', vouched: 'authenticated' } })
})

it('broken requests change nothing', async () => {
  const before = pair.taker.queue().length
  const path = `/transfer/${'a'.repeat(24)}`
  const head = `PUT ${path} HTTP/1.1\r\nhost: x\r\nwaypost-queue: ${identity}\r\nconnection: close\r\n`
  for (const octets of [
    'EHLO stranger.example\r\n',
    Buffer.alloc(100_000, 0xff),
    `${head}content-length: 5\r\n\r\n{}\n{}`,
    `${head}content-length: 999999999\r\n\r\n{}`,
    `${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
    `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    `PUT ${path}/../../x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    `${head}content-length: 400000\r\n\r\n${'['.repeat(400_000)}`,
  ])
    expect(statusOf(await send(octets, true)) ?? 'closed').toMatch(/^(?:closed|4\d\d)$/)
  expect(pair.taker.queue()).toHaveLength(before)
})

it('an honest queue still moves', async () => {
  const queue = await openNodeQueueOf(pair.giver)
  const recipients = [sampleRecipient({ nextHop: 'mx:nowhere.example' })]
  const queueId = newQueueId(systemClock, systemRandom)
  await queue.accept(sampleMessage({ queueId, recipients, arrivedAt: Date.now() }), { claim: false })
  await queue.close()
  const drained = await runWaypost(['queue', 'drain', '-c', pair.giver.config, '--to', pair.to])
  expect(drained).toMatchObject({ status: 0, stdout: expect.stringContaining('1 messages moved') })
})
