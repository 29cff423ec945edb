import dnsPacket from 'dns-packet'
import { expect, test } from 'vitest'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { encodeUpdate, updateZone, type ZoneUpdate } from './dynamic-update.ts'
import { wireData } from './record-data.ts'
import { askByTcp } from './tcp-message.ts'

const data = (written: string) => wireData('MX', written).subarray(2)
const update: ZoneUpdate = {
  zone: 'example.org',
  expected: [
    { name: 'example.org', type: 'MX', data: [data('10 old.example.org.')] },
    { name: 'new.example.org', type: 'MX', data: [] },
  ],
  changes: [
    { action: 'add', name: 'example.org', type: 'MX', ttl: 60, data: data('10 new.example.org.') },
    { action: 'remove', name: 'example.org', type: 'MX', ttl: 5, data: data('10 old.example.org.') },
  ],
}
const server = { host: '127.0.0.1', port: 53 }
const answer = (rcode: number) => async (_: unknown, message: Buffer) => {
  const reply = Buffer.from(message.subarray(0, 12))
  reply.writeUInt16BE(0xa800 | rcode, 2)
  return { kind: 'answered' as const, message: reply }
}

test('the message has zone, prerequisites and changes, removals first (RFC 2136 2)', () => {
  const message = encodeUpdate(update, 7)
  expect([0, 2, 4, 6, 8, 10].map((at) => message.readUInt16BE(at))).toEqual([7, 0x2800, 1, 2, 2, 0])
  // A record without data (there is no such set) is nothing that dns-packet reads.
  const {
    questions,
    answers = [],
    authorities = [],
  } = dnsPacket.decode(encodeUpdate({ ...update, expected: update.expected.slice(0, 1) }, 7))
  expect(questions).toMatchObject([{ name: 'example.org', type: 'SOA' }])
  expect(answers).toMatchObject([{ name: 'example.org', type: 'MX', ttl: 0 }])
  expect(message.includes(Buffer.from('036e6577076578616d706c65036f726700000f00fe000000000000', 'hex'))).toBe(true)
  expect(authorities.map((one) => ('data' in one ? one.data : null))).toMatchObject([
    { exchange: 'old.example.org' },
    { exchange: 'new.example.org' },
  ])
})

test.each([
  [0, 'updated'],
  [7, 'conflict'],
  [8, 'conflict'],
  [5, 'refused'],
  [9, 'refused'],
  [15, 'refused'],
])('answer %i: %s', async (rcode, kind) => {
  expect((await updateZone(update, { server, key: null }, { now: () => 0, ask: answer(rcode) })).kind).toBe(kind)
})

test('a lost answer, one to another question, and one without a signature are not a success', async () => {
  const send = (ask: Parameters<typeof updateZone>[2]['ask'], key: Parameters<typeof updateZone>[1]['key'] = null) =>
    updateZone(update, { server, key }, { now: () => 0, ...(ask && { ask }) })
  expect(await send(async () => ({ kind: 'failed', cause: 'ECONNRESET' }))).toEqual({
    kind: 'unavailable',
    cause: 'ECONNRESET',
  })
  expect(await send(async () => ({ kind: 'answered', message: Buffer.alloc(12, 1) }))).toMatchObject({
    kind: 'unavailable',
  })
  expect(await send(async () => ({ kind: 'answered', message: Buffer.alloc(3) }))).toMatchObject({
    kind: 'unavailable',
  })
  const key = { name: 'k', algorithm: 'hmac-sha256', secret: Buffer.from('s') } as const
  expect(await send(answer(0), key)).toEqual({ kind: 'unavailable', cause: 'the answer is not signed' })
  expect(await send(answer(5), key)).toMatchObject({ kind: 'refused', cause: expect.stringContaining('REFUSED') })
})

test('a message over TCP: an answer in pieces, a connection that ends, a port that is closed', async () => {
  const reply = Buffer.from('0003616263', 'hex')
  let respond = true
  const listener = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      if (!respond) return void socket.end()
      socket.write(reply.subarray(0, 1))
      setImmediate(() => socket.write(reply.subarray(1)))
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const at = { host: '127.0.0.1', port: (listener.address() as AddressInfo).port }
  const ask = () => askByTcp(at, Buffer.from('x'), { timeoutMs: 5_000 })
  expect(await ask()).toEqual({ kind: 'answered', message: Buffer.from('abc') })
  respond = false
  expect(await ask()).toMatchObject({ kind: 'failed' })
  listener.close()
  await once(listener, 'close')
  expect(await ask()).toMatchObject({ kind: 'failed', cause: expect.stringContaining('ECONNREFUSED') })
})
