// An answer over TCP arrives in pieces of any size (RFC 7766 8).

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import dnsPacket from 'dns-packet'
import { expect, test } from 'vitest'
import { networkExchange } from './exchange.ts'

test('an answer over TCP that arrives octet by octet is complete', async () => {
  const answer = (query: Buffer, flags: number): Buffer => {
    const { id, questions } = dnsPacket.decode(query)
    const answers = Array.from({ length: 40 }, (_, number) => ({
      type: 'A' as const,
      name: 'a.example',
      data: `192.0.2.${number}`,
    }))
    const truncated = flags === dnsPacket.TRUNCATED_RESPONSE
    return dnsPacket.encode({ type: 'response', id, flags, questions, answers: truncated ? [] : answers })
  }
  const tcp = createServer((socket) => {
    socket.setNoDelay(true)
    socket.once('data', (query: Buffer) => {
      const message = answer(query.subarray(2), dnsPacket.RECURSION_AVAILABLE)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(message.length)
      void drip(socket, Buffer.concat([length, message]))
    })
  }).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4').bind(port, '127.0.0.1')
  udp.on('message', (query, from) => udp.send(answer(query, dnsPacket.TRUNCATED_RESPONSE), from.port, from.address))
  await once(udp, 'listening')
  const exchanged = await networkExchange(
    { host: '127.0.0.1', port },
    { name: 'a.example', type: 'A' },
    { timeoutMs: 10_000, edns: true },
  )
  udp.close()
  tcp.close()
  expect(exchanged.kind === 'answered' && exchanged.packet.answers?.length).toBe(40)
})

async function drip(socket: Socket, octets: Buffer): Promise<void> {
  for (const octet of octets) {
    socket.write(Buffer.from([octet]))
    await new Promise((turn) => setImmediate(turn))
  }
}
