// The loopback addresses of the demonstration: one for each node and host, so that all of them use the same SMTP port.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

export const nodeAddresses = { mx: '127.0.1.1', srs: '127.0.1.2', submission: '127.0.1.3', mta: '127.0.1.4' } as const

export type NodeName = keyof typeof nodeAddresses

export const hostAddresses = { accepting: '127.0.2.1', failing: '127.0.2.2' } as const

/** Source addresses of clients outside the fleet. */
export const externalAddress = '127.0.3.1'
export const forgerAddress = '127.0.3.66'

/** Below the ports that Linux gives to outgoing connections: one of theirs may be taken between this look and the start of a node. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000
/** Attempts to find a port that is free on every address. */
const MAX_TRIES = 20

/** A TCP port that is free on all of `addresses`; throws after 20 attempts. */
export async function commonFreePort(addresses: readonly string[]): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = await freePort(addresses[0] as string, randomInt(FIRST_PORT, LAST_PORT))
    const others = await Promise.all(addresses.slice(1).map((address) => freePort(address, port ?? 0)))
    if (port !== null && others.every((one) => one === port)) return port
  }
  throw new Error(`no port is free on all of ${addresses.join(', ')}`)
}

/** Binds `port` for a moment and returns it; null if bind fails. */
function freePort(address: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, address, () => server.close(() => resolve(port)))
  })
}
