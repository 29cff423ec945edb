// From which of our addresses the system would go to another one: asked of the kernel, nothing is sent.

import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/** Any port: no datagram goes there. */
const SOME_PORT = 53

/** Our own address towards `host`, an IP address; null if no way leads there. */
export function addressTowards(host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const end = (address: string | null) => {
      socket.close()
      resolve(address)
    }
    socket.once('error', () => end(null))
    // The event and not a callback of `connect`, which would be called without a way as well, the socket being bound to `::`.
    socket.once('connect', () => end(socket.address().address))
    socket.connect(SOME_PORT, host)
  })
}
