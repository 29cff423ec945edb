// Waits for the ClientHello of a connection and leaves it in the socket. Node chooses certificates by name too, but replaces only the one
// with the same type of key: a client that asks for a name with RSA would get the ECDSA certificate of another name.

import type { Socket } from 'node:net'
import { readClientHello } from './client-hello.ts'

/** Calls once with the name that the client asks for, null for none; not at all if the connection ends first. The caller limits the time. */
export function peekClientHello(socket: Socket, done: (name: string | null) => void): void {
  let octets: Buffer = Buffer.alloc(0)
  const read = () => {
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read())
      octets = Buffer.concat([octets, chunk])
    const hello = readClientHello(octets)
    if (hello.kind === 'incomplete') return
    socket.off('readable', read).off('error', ignore)
    if (octets.length > 0) socket.unshift(octets)
    done(hello.name)
  }
  socket.on('error', ignore).on('readable', read)
}

/** The close follows. */
function ignore(): void {}
