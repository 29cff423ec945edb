// One DNS message over TCP, and the answer to it (RFC 1035 4.2.2, RFC 7766): updates may be large, and their source address is proven.

import { connect } from 'node:net'
import type { DnsServer } from '../dns/exchange.ts'
import { type Clock, systemClock } from '../lib/clock.ts'

export type TcpAnswer =
  | { readonly kind: 'answered'; readonly message: Buffer }
  /** Not connected, or no whole answer in time: whether the server has got the message is not known. */
  | { readonly kind: 'failed'; readonly cause: string }

/** Two octets of length before the message. */
const PREFIX = 2

/** @param message at most 65 535 octets */
export function askByTcp(
  server: DnsServer,
  message: Buffer,
  { timeoutMs, clock = systemClock }: { readonly timeoutMs: number; readonly clock?: Pick<Clock, 'after'> },
): Promise<TcpAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.host, port: server.port })
    const finish = (answer: TcpAnswer) => {
      timer.cancel()
      socket.removeAllListeners()
      // Without a listener, a late 'error' event would crash the process.
      socket.on('error', () => undefined)
      socket.destroy()
      resolve(answer)
    }
    const fail = (cause: string) => finish({ kind: 'failed', cause })
    const timer = clock.after(timeoutMs, () => fail(`no answer within ${timeoutMs / 1000} s`))
    let received = Buffer.alloc(0)
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('the connection ended without an answer'))
    socket.on('connect', () => {
      const length = Buffer.alloc(PREFIX)
      length.writeUInt16BE(message.length)
      socket.write(Buffer.concat([length, message]))
    })
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data])
      const end = received.length < PREFIX ? Number.POSITIVE_INFINITY : PREFIX + received.readUInt16BE(0)
      if (received.length >= end) finish({ kind: 'answered', message: received.subarray(PREFIX, end) })
    })
  })
}
