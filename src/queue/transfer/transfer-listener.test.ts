// Listener and client over TLS: authentication, refusals, bodies of any size, and a client that disconnects.

import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IncomingMessage } from 'node:http'
import { sampleMessage, type TestQueue, testQueue } from '../../../test/lib/queue-samples.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { until } from '../../../test/lib/until.ts'
import { createBudgets } from '../../budget/budgets.ts'
import { createAuthority, type Issued } from '../../demo/ca.ts'
import type { TransferredMessage } from '../contract/queue-transfer.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import { INLINE_LIMIT } from '../contract/queue.ts'
import { SyncQueueReader } from '../../../test/lib/sync-queue-reader.ts'
import { type TransferListener, startTransferListener } from './transfer-listener.ts'
import { createRemoteReceiver, type RemoteReceiver } from './remote-receiver.ts'
import { writeHead } from './transfer-head.ts'
import type { TransferRules } from './transfer-rules.ts'

const authority = createAuthority('Test')
const [giver, taker, other] = ['giver', 'taker', 'other'].map((name) =>
  authority.issue({ names: [`${name}.example.org`], ips: ['127.0.0.1'] }),
) as [Issued, Issued, Issued]
const print = ({ certificate }: Issued) =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')
const keyPrint = ({ certificate }: Issued) =>
  createHash('sha256')
    .update(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')

let place: TestQueue
let queue: OpenQueue
let listener: TransferListener
let certificate: { value: Issued }
let refused: string[]
let bugs: unknown[]
const clients: RemoteReceiver[] = []
/** The time at which the sample messages arrive. */
const START = 1_800_000_000_000
const DAY_MS = 86_400_000
const rules: TransferRules = {
  roles: new Set(['srs']),
  origins: new Set(['internet', 'peer']),
  internet: 'always',
  nextHops: () => new Set(),
  messageSize: 10_000_000,
}

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
  certificate = { value: taker }
  refused = []
  bugs = []
  const log = { warn: (_: object, message: string) => refused.push(message), bug: (error: unknown) => bugs.push(error) }
  const clock = createFakeClock(START)
  const connections = createBudgets(clock).pool('transferConnections')
  const settings = {
    host: '127.0.0.1',
    port: 0,
    peers: new Map([[print(giver), { role: 'srs', host: 'giver.example.org', mayTransfer: true, mayView: false }]]),
    isPeerAddress: () => false,
    rules,
    name: 'taker.example.org',
  }
  const questions = async () => ({ status: 200, body: {} })
  const fleet = { questions, questionOctets: 100, questionPath: '/fleet' }
  const ports = { queue, certificate, accepted: () => undefined, connections, clock, log, ...fleet }
  listener = await startTransferListener(settings, ports)
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await listener.close()
  await place.remove()
  expect(bugs).toEqual([])
})

function client(change: Partial<Parameters<typeof createRemoteReceiver>[0]> = {}): RemoteReceiver {
  const { certificate, key } = giver
  const known = { fingerprints: new Set([print(taker)]), ca: null }
  const made = createRemoteReceiver({ host: '127.0.0.1', port: listener.port, certificate, key, ...known, ...change })
  clients.push(made)
  return made
}

function message(body: Buffer): TransferredMessage {
  const { recipients, events, ...rest } = sampleMessage({ body: { kind: 'inline', bytes: body } })
  const state = {
    state: 'deferred',
    attempts: 3,
    nextAttemptAt: 5,
    noticeDue: null,
    delayNotified: false,
    last: null,
  } as const
  return {
    ...rest,
    expiresAt: rest.arrivedAt + DAY_MS,
    recipients: recipients.map((one) => ({ ...one, ...state })),
    history: [{ at: 1, events }],
  }
}

/** A body of CRLF lines and of this size; the last line may be open. */
const lines = (size: number) =>
  Buffer.from(`${randomBytes(30).toString('base64')}\r\n`.repeat(size / 42 + 1)).subarray(0, size)

async function offer(body: Buffer, token = randomBytes(18).toString('base64url')) {
  const target = await queue.identity()
  return {
    token,
    target,
    from: 'giver',
    message: message(body),
    openBody: () => Readable.from([body], { objectMode: false }),
  }
}

describe('a peer', () => {
  it('is accepted by certificate or key, in both directions', async () => {
    const receiver = { kind: 'answer', value: { queue: await queue.identity(), name: 'taker.example.org' } }
    expect(await client().identify()).toEqual(receiver)
    expect(await client({ fingerprints: new Set([keyPrint(taker)]) }).identify()).toEqual(receiver)
    expect(await client({ fingerprints: new Set(), ca: authority.certificate }).identify()).toEqual(receiver)
  })

  it('is refused with any other certificate', async () => {
    const answer = await client({ certificate: other.certificate, key: other.key }).identify()
    expect(answer).toMatchObject({ kind: 'error', permanent: true, cause: expect.stringContaining('403') })
    expect(refused).toHaveLength(1)
    expect(await client({ fingerprints: new Set([print(other)]) }).identify()).toMatchObject({
      kind: 'error',
      permanent: true,
    })
    const strangers = createAuthority('Strangers').certificate
    expect(await client({ fingerprints: new Set(), ca: strangers }).identify()).toMatchObject({ kind: 'error' })
  })

  it('is checked against a renewed certificate', async () => {
    certificate.value = other
    listener.updateTls()
    expect(await client().identify()).toMatchObject({ kind: 'error' })
    expect(await client({ fingerprints: new Set([print(other)]) }).identify()).toMatchObject({ kind: 'answer' })
  })
})

describe('an offer', () => {
  it.each([0, 1, INLINE_LIMIT, INLINE_LIMIT + 1, 3_000_000])(
    'with a body of %i octets is accepted once',
    async (size) => {
      const body = lines(size)
      const one = await offer(body)
      expect(await client().offer(one)).toEqual({ kind: 'answer', value: 'accepted' })
      expect(await client().offer(one)).toEqual({ kind: 'answer', value: 'repeated' })
      const reader = new SyncQueueReader(place.directory)
      const shown = reader.show(one.message.queueId)
      expect(shown?.header).toEqual(one.message.header)
      expect(shown && (await buffer(reader.openBody(shown.body)))).toEqual(body)
      expect(shown?.recipients).toMatchObject([{ state: 'deferred', attempts: 3, nextAttemptAt: 5 }])
      reader.close()
      expect(await spoolFiles()).toBe(size > INLINE_LIMIT ? 1 : 0)
    },
  )

  it('can be cancelled, and is then refused', async () => {
    const one = await offer(Buffer.from('x'))
    expect(await client().refuse(one)).toEqual({ kind: 'answer', value: 'refused' })
    expect(await client().offer(one)).toEqual({ kind: 'answer', value: 'refused' })
    expect((await queue.reader.stats()).messages).toBe(0)
  })

  it('for another queue is refused: the host name may point to another node', async () => {
    const one = { ...(await offer(Buffer.from('x'))), target: 'f'.repeat(32) }
    expect(await client().offer(one)).toMatchObject({
      kind: 'error',
      permanent: true,
      cause: expect.stringContaining('421'),
    })
  })

  it('leaves nothing when its body ends early or is too long', async () => {
    const one = await offer(Buffer.alloc(INLINE_LIMIT + 1))
    for (const octets of [INLINE_LIMIT, INLINE_LIMIT + 2]) {
      const body = () => Readable.from([Buffer.alloc(octets)], { objectMode: false })
      await expect(client().offer({ ...one, openBody: body })).rejects.toThrow(
        `does not have ${INLINE_LIMIT + 1} octets`,
      )
    }
    await until(async () => (await spoolFiles()) === 0, { what: 'the spool to be empty' })
    expect((await queue.reader.stats()).messages).toBe(0)
    expect(await client().offer(one)).toEqual({ kind: 'answer', value: 'accepted' })
  })

  it('is refused temporarily while the queue is closed', async () => {
    const one = await offer(Buffer.from('x'))
    await queue.close()
    expect(await client().offer(one)).toMatchObject({
      kind: 'error',
      permanent: false,
      cause: expect.stringContaining('503'),
    })
  })
})

describe('a malformed request', () => {
  const raw = async (method: string, path: string, body: Buffer = Buffer.alloc(0)) => {
    const { certificate: cert, key } = giver
    const target = { host: '127.0.0.1', port: listener.port, method, path }
    const headers = { 'waypost-queue': await queue.identity(), 'content-length': body.length }
    const sent = request({ ...target, cert, key, rejectUnauthorized: false, headers })
    sent.end(body)
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).once('error', reject),
    )
    return `${response.statusCode} ${await text(response)}`.trim()
  }
  const path = '/transfer/aaaaaaaaaaaaaaaaaaaa'

  it('is refused with a cause', async () => {
    expect(await raw('GET', '/')).toMatch(/^404/)
    expect(await raw('PUT', '/transfer/../etc')).toMatch(/^404/)
    expect(await raw('PUT', '/transfer/short')).toMatch(/^404/)
    expect(await raw('POST', path)).toMatch(/^405/)
    expect(await raw('PUT', path, Buffer.from('{}\n'))).toMatch(/^422 .*version/)
    expect(await raw('PUT', path, Buffer.from('no line'))).toMatch(/^400/)
    const cut = writeHead(message(Buffer.from('body')))
    expect(await raw('PUT', path, cut)).toMatch(/^400/)
    expect((await queue.reader.stats()).messages).toBe(0)
  })
})

describe('a message that SMTP could not have brought', () => {
  const withRecipient = async (change: object) => {
    const one = await offer(Buffer.from('x\r\n'))
    const recipients = one.message.recipients.map((each) => ({ ...each, ...change }))
    return { ...one, message: { ...one.message, recipients } }
  }
  const refusal = (cause: string) => ({
    kind: 'error',
    permanent: true,
    concerns: 'message',
    cause: expect.stringContaining(cause),
  })

  it('is refused with its field, and stays in its queue', async () => {
    const smuggled = 'kim@example.org>\r\nRCPT TO:<lee@example.org'
    expect(await client().offer(await withRecipient({ reversePath: smuggled }))).toEqual(
      refusal('recipients.0.reversePath: not a mailbox'),
    )
    expect(await client().offer(await withRecipient({ nextHop: 'smtp:[127.0.0.1]:6379' }))).toEqual(
      refusal('smtp:[127.0.0.1]:6379 is not in the configuration'),
    )
    expect((await queue.reader.stats()).messages).toBe(0)
  })

  it('has no bare CR or LF in its header or its body, in memory or in a file', async () => {
    const one = await offer(Buffer.from('x\r\n'))
    const header = Buffer.from('Subject: x\n.\r\n\r\n')
    expect(await client().offer({ ...one, message: { ...one.message, header } })).toEqual(refusal('the header has'))
    const large = lines(INLINE_LIMIT + 100)
    large.write('\n.\r\n', INLINE_LIMIT)
    for (const body of [Buffer.from('x\r\n.\nMAIL FROM:<>\r\n'), Buffer.from('x\r'), large])
      expect(await client().offer(await offer(body))).toEqual(refusal('the body has a bare CR or LF'))
    await until(async () => (await spoolFiles()) === 0, { what: 'the spool to be empty' })
    expect((await queue.reader.stats()).messages).toBe(0)
  })

  it('does not keep the next one out', async () => {
    await client().offer(await withRecipient({ nextHop: 'peers:other' }))
    expect(await client().offer(await offer(Buffer.from('x\r\n')))).toEqual({ kind: 'answer', value: 'accepted' })
  })

  it('has the origin that its peer can give it, and both names of the peer in the ledger', async () => {
    const one = await offer(Buffer.from('x\r\n'))
    const message = { ...one.message, origin: { kind: 'user', identity: 'root' } as const }
    expect(await client().offer({ ...one, from: 'giver\r\nforged', message })).toMatchObject({ kind: 'error' })
    expect(await client().offer({ ...one, from: 'other', message })).toEqual({ kind: 'answer', value: 'accepted' })
    const reader = new SyncQueueReader(place.directory)
    expect(reader.show(message.queueId)?.origin).toEqual({ kind: 'peer', role: 'srs', vouched: 'authenticated' })
    expect(reader.trace(message.queueId).at(-1)).toMatchObject({
      kind: 'transfer-accepted',
      from: 'other (giver.example.org)',
    })
    reader.close()
  })
})

async function spoolFiles(): Promise<number> {
  const { readdir } = await import('node:fs/promises')
  const found = await readdir(join(place.directory, 'spool'), { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).length
}
