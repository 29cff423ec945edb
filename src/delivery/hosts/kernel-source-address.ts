// The local address that the kernel would use towards another address. Nothing is sent.

import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/** Any port: no datagram is sent. */
const SOME_PORT = 53

/** The local address towards `host`, an IP address; null if there is no route. */
export function addressTowards(host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const end = (address: string | null) => {
      socket.close()
      resolve(address)
    }
    socket.once('error', () => end(null))
    // The event, not a callback of `connect`: the callback also runs without a route, because the socket is bound to `::`.
    socket.once('connect', () => end(socket.address().address))
    socket.connect(SOME_PORT, host)
  })
}
