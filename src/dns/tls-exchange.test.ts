// DNS over TLS (RFC 7858): one connection for many queries, and a server that must prove itself.

import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import dnsPacket from 'dns-packet'
import { afterEach, expect, it } from 'vitest'
import { createAuthority } from '../demo/ca.ts'
import type { ServerProof } from './exchange.ts'
import { createStubResolver, stubDefaults } from './stub.ts'

const issued = createAuthority('DNS').issue({ names: ['dns.example'] })
const key = new X509Certificate(issued.certificate).publicKey.export({ type: 'spki', format: 'der' })
const pin = createHash('sha256').update(key).digest('hex')

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Answers everything as authentic; queries wait until `together` of them are there, and the last one is answered first. */
async function startServer(together = 1) {
  const sockets: TLSSocket[] = []
  const lengths: number[] = []
  const server = createServer({ cert: issued.certificate, key: issued.key }, (socket) => {
    sockets.push(socket)
    let held: Buffer[] = []
    socket.on('error', () => undefined)
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += 2 + data.readUInt16BE(at)) {
        lengths.push(data.readUInt16BE(at))
        held.push(answerTo(data.subarray(at + 2, at + 2 + data.readUInt16BE(at))))
      }
      if (held.length < together) return
      socket.write(Buffer.concat(held.toReversed()))
      held = []
    })
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets, lengths }
}

function answerTo(query: Buffer): Buffer {
  const { id = 0, questions = [] } = dnsPacket.decode(query)
  const name = questions[0]?.name ?? ''
  const message = dnsPacket.encode({
    type: 'response',
    id,
    flags: dnsPacket.AUTHENTIC_DATA,
    questions,
    answers: [{ type: 'TXT', name, ttl: 60, data: name }],
  })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

function stub(port: number, tls: ServerProof) {
  const servers = [{ host: '127.0.0.1', port, tls }]
  return createStubResolver({ ...stubDefaults, timeoutMs: 2000, tries: 1, servers })
}

it('asks a pinned server, whose authentic bit counts, many questions over one connection', async () => {
  const { port, sockets } = await startServer(3)
  const resolver = stub(port, { name: null, pin })
  const names = ['a.example', 'b.example', 'c.example']
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(names.map((name) => resolver.resolve(name, 'TXT')))
    expect(answers).toMatchObject(names.map((name) => ({ authentic: true, records: [[Buffer.from(name)]] })))
  }
  expect(sockets).toHaveLength(1)
})

it('opens a new connection after the server has closed', async () => {
  const { port, sockets } = await startServer()
  const resolver = stub(port, { name: null, pin })
  expect((await resolver.resolve('a.example', 'TXT')).kind).toBe('found')
  const closed = once(sockets[0] as TLSSocket, 'close')
  sockets[0]?.destroy()
  await closed
  await new Promise((turn) => setImmediate(turn))
  const answer = await resolver.resolve('b.example', 'TXT')
  const again = answer.kind === 'found' ? answer : await resolver.resolve('b.example', 'TXT')
  expect(again.kind).toBe('found')
})

it.each([
  ['another key', { name: null, pin: '0'.repeat(64) }, 'not the pinned one'],
  ['a name that no public CA proves', { name: 'dns.example', pin }, 'does not prove its name dns.example'],
])('sends nothing to a server with %s', async (_what, proof, cause) => {
  const { port } = await startServer()
  const answer = await stub(port, proof).resolve('a.example', 'TXT')
  expect(answer).toMatchObject({ kind: 'unavailable', ours: true, cause: expect.stringContaining(cause) })
})

it('pads queries, so that their length does not show the name (RFC 8467)', async () => {
  const { port, lengths } = await startServer()
  const resolver = stub(port, { name: null, pin })
  const names = [3, 50, 85, 89, 90].map(
    (length) => `${'x'.repeat(Math.min(60, length))}.${'y'.repeat(length % 60)}z.example`,
  )
  for (const name of names) expect((await resolver.resolve(name, 'TXT')).kind).toBe('found')
  expect(lengths).toHaveLength(names.length)
  expect(new Set(lengths)).toEqual(new Set([128, 256]))
})
