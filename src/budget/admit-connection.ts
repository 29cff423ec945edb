// Admits connections of strangers to an HTTP server, as far as the budget of its connections has places.

import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { plainAddress } from '../lib/ip-address.ts'
import type { Lease, Pool } from './pool.ts'
import { shrinkingShares } from './shrinking-shares.ts'

/** The part of a client's share that is left in a full pool: a browser still gets a few connections. */
const LEAST_PART = 0.25

interface Held {
  readonly socket: Socket
  readonly place: Lease
}

/**
 * Returns what gives each new connection to `server`, or closes it: the client tries again.
 *
 * Shares shrink while the pool fills, so that a few clients cannot fill it. In a full pool a new connection takes the place of the one that
 * has been idle for longest, so that many cannot fill it with silence either. Idle is a connection whose request is not complete, or
 * answered: a person waits for a reply only once the request is there.
 */
export function createAdmission(server: EventEmitter, connections: Pool): (socket: Socket) => void {
  const open = new Map<string, Held>()
  /** Those of `open` that are idle, the longest first. */
  const idle = new Map<string, Held>()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const key = keyOf(request.socket)
    request.once('end', () => idle.delete(key))
    response.once('close', () => {
      const held = open.get(key)
      if (held) idle.set(key, held)
    })
  })
  const placeFor = (ip: string) => {
    const take = () => connections.take({ purpose: 'internet', ip, shares: sharesOf(connections) })
    const taken = take()
    if (taken.kind === 'lease' || !isFull(taken.shortage)) return taken
    const [longest] = idle.entries()
    if (!longest) return taken
    forget(...longest)
    longest[1].socket.destroy()
    return take()
  }
  const forget = (key: string, { place }: Held) => {
    open.delete(key)
    idle.delete(key)
    place.release()
  }
  return (socket) => {
    socket.on('error', () => undefined)
    const ip = plainAddress(socket.remoteAddress ?? '')
    const place = ip === '' ? null : placeFor(ip)
    if (place?.kind !== 'lease') return void socket.destroy()
    const key = keyOf(socket)
    const held = { socket, place }
    open.set(key, held)
    idle.set(key, held)
    socket.once('close', () => {
      // After its place went to another, the same port may be in use again.
      if (open.get(key) === held) forget(key, held)
    })
    server.emit('connection', socket)
  }
}

/** With TLS the socket of a request is not the one that was admitted; both have the same peer. */
function keyOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`
}

/** No other connection of the same client would make a place free. */
function isFull(shortage: string): boolean {
  return shortage === 'capacity' || shortage === 'purpose'
}

/** The shares of one client and its network now; a network keeps its proportion. */
function sharesOf(connections: Pool): { readonly client: number; readonly network: number } {
  const { client } = shrinkingShares(connections, { client: connections.client, least: LEAST_PART })
  return { client, network: Math.max(client, Math.round((connections.network * client) / connections.client)) }
}
