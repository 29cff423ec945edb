import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readClientHello } from './client-hello.ts'

/** The first octets of a TLS client of Node. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...options })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [octets] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return octets
}

/** The same message in records of `size` octets. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
  }
  return Buffer.concat(records)
}

const named = await helloOf({ servername: 'mx.example.org' })
const nameless = await helloOf({ servername: '' })
const old = await helloOf({ servername: 'mx.example.org', maxVersion: 'TLSv1.2' })

describe('a ClientHello', () => {
  it.each([
    ['TLS 1.3', named, 'mx.example.org'],
    ['TLS 1.2', old, 'mx.example.org'],
    ['no name', nameless, null],
    ['small records', inRecords(named, 7), 'mx.example.org'],
    ['what follows it', Buffer.concat([named, Buffer.from('QUIT\r\n')]), 'mx.example.org'],
  ])('with %s is read', (_, octets, name) => {
    expect(readClientHello(octets)).toEqual({ kind: 'read', name })
  })

  it.each([
    ['one record', named],
    ['small records', inRecords(named, 40)],
  ])('in %s is incomplete until its last octet', (_, octets) => {
    for (let length = 0; length < octets.length; length++)
      expect(readClientHello(octets.subarray(0, length))).toEqual({ kind: 'incomplete' })
  })
})

describe('other octets', () => {
  it.each([
    ['a command', Buffer.from('EHLO client.example.net\r\n')],
    ['an alert', Buffer.from([21, 3, 1, 0, 2, 2, 0])],
    ['another message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
    ['an empty message', Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0])],
    ['empty records without end', Buffer.alloc(20_000, Buffer.from([22, 3, 1, 0, 0]))],
    [
      'a message above the limit',
      Buffer.concat([Buffer.from([22, 3, 1, 255, 255, 1, 255, 255, 255]), Buffer.alloc(16_384)]),
    ],
  ])('such as %s have no name', (_, octets) => {
    expect(readClientHello(octets)).toEqual({ kind: 'read', name: null })
  })

  it('never fail, and are never incomplete beyond the limit', () => {
    const changed = fc.tuple(fc.nat(named.length - 1), fc.nat(255)).map(([at, value]) => {
      const octets = Buffer.from(named)
      octets[at] = value
      return Buffer.concat([octets, Buffer.alloc(16_384)])
    })
    const random = fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([Buffer.from([22, 3, 1]), rest]))
    fc.assert(fc.property(changed, (octets) => readClientHello(octets).kind === 'read'))
    fc.assert(fc.property(random, (octets) => typeof readClientHello(octets).kind === 'string'))
  })
})
