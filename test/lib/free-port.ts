// Loopback ports for programs that cannot report the port that they bind, or that bind it again after a restart.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that Linux gives to outgoing connections (from 32768). A port of theirs that was free a moment ago may belong to any
 * connection from 127.0.0.1 when the program binds it, also while that connection is only remembered (TIME_WAIT).
 */
const FIRST = 20_000
const COUNT = 12_000
const MAX_TRIES = 50

/** Test files run in several processes, so each begins at another port and counts up from there. */
let next = randomInt(COUNT)

/** A TCP port that is free at `host`, and that no outgoing connection takes. Rejects if 50 ports in a row are in use. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = FIRST + (next++ % COUNT)
    if (await canBind(port, host)) return port
  }
  throw new Error(`none of ${MAX_TRIES} ports is free at ${host}`)
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
