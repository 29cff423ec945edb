// Connections of load balancers whose PROXY header has not arrived. They have separate places (budget `proxyHeaders`): a balancer is not
// limited as one client, and strangers who fill the places of clients do not keep it out.

import type { Socket } from 'node:net'
import type { Lease, Pool } from '../../budget/pool.ts'
import type { Clock } from '../../lib/clock.ts'
import { plainAddress } from '../../lib/ip-address.ts'
import type { Log } from '../../lib/log.ts'
import { remoteHost } from '../../lib/remote-host.ts'
import type { ProxyHeader } from './proxy-header.ts'
import { readProxyHeader } from './read-proxy-header.ts'

/** A balancer sends its header when it connects. Long enough for a lost packet (section 2 of the specification asks for three seconds). */
const HEADER_MS = 5000

/** What became of a connection. `incomplete`: it ended within the header. */
export type HeaderResult = 'client' | 'own' | 'malformed' | 'late' | 'incomplete'

export interface ProxyPorts {
  /** True for the configured address of a balancer. */
  readonly isBalancer: (ip: string) => boolean
  /** The budget `proxyHeaders`. */
  readonly places: Pool
  readonly count: (result: HeaderResult) => void
}

export interface HeaderWaits {
  /** At accept: whether a header must come first. A connection that finds no place is refused and closed. */
  admit(socket: Socket): 'direct' | 'awaited' | 'refused'
  /** True from `admit` on for a connection that needs a header. */
  isAwaited(socket: Socket): boolean
  /** Reads the header, nothing else. Calls once: with the client's address or null for the balancer's own, or not at all if it closed. */
  read(socket: Socket, done: (clientIp: string | null) => void): void
}

interface WaitPorts extends ProxyPorts {
  readonly listener: string
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'info'>
}

/** Without ports no address is a balancer. */
export function createHeaderWaits(ports: WaitPorts | null): HeaderWaits {
  const places = new WeakMap<Socket, Lease>()
  return {
    admit: (socket) => {
      const ip = plainAddress(socket.remoteAddress ?? '')
      if (!ports?.isBalancer(ip)) return 'direct'
      const place = ports.places.take({ purpose: 'fleet', ip })
      if (place.kind === 'lease') {
        places.set(socket, place)
        socket.once('close', () => place.release())
        return 'awaited'
      }
      const { listener } = ports
      ports.log.info(
        { listener, remote: remoteHost(null, ip), limit: `proxyHeaders: ${place.shortage}` },
        'too many connections',
      )
      socket.on('error', () => {})
      socket.destroy()
      return 'refused'
    },
    isAwaited: (socket) => places.has(socket),
    read: (socket, done) => {
      if (ports === null) return
      awaitHeader(socket, ports, (clientIp) => {
        places.get(socket)?.release()
        done(clientIp)
      })
    },
  }
}

function awaitHeader(socket: Socket, ports: WaitPorts, done: (clientIp: string | null) => void): void {
  const balancer = plainAddress(socket.remoteAddress ?? '')
  let octets: Buffer = Buffer.alloc(0)
  const listeners = { readable: () => read(), end: () => lost(), close: () => lost(), error: () => lost() }
  const timer = ports.clock.after(HEADER_MS, () => fail('late', `no whole header in ${HEADER_MS / 1000} s`))
  const settle = () => {
    timer.cancel()
    for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener)
  }
  const close = () => {
    settle()
    socket.on('error', () => {})
    socket.destroy()
  }
  const fail = (result: HeaderResult, cause: string) => {
    const remote = remoteHost(null, balancer)
    ports.count(result)
    ports.log.info({ listener: ports.listener, remote, cause }, 'connection closed: bad PROXY header')
    close()
  }
  // A health check can be a connection without an octet.
  const lost = () => (octets.length === 0 ? close() : fail('incomplete', 'the connection ended within the header'))
  const read = () => {
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read())
      octets = Buffer.concat([octets, chunk])
    const header: ProxyHeader = readProxyHeader(octets)
    if (header.kind === 'malformed') return fail('malformed', header.reason)
    if (header.kind === 'incomplete') return
    settle()
    const rest = octets.subarray(header.length)
    if (rest.length > 0) socket.unshift(rest)
    const { client } = header
    // HAProxy's health checks with version 1 name their own socket.
    const isOwn = client === null || (client.ip === balancer && client.port === socket.remotePort)
    ports.count(isOwn ? 'own' : 'client')
    done(isOwn ? null : client.ip)
  }
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener)
}
