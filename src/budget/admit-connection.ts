// Admits a connection of a stranger to an HTTP server, if the budget of its connections has a place.

import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { plainAddress } from '../lib/ip-address.ts'
import type { Pool } from './pool.ts'
import { shrinkingShares } from './shrinking-shares.ts'

/** The part of a client's share that is left in a full pool: a browser still gets a few connections. */
const LEAST_PART = 0.25

/** A connection without a place is closed: the client tries again. Shares shrink, so that a dozen clients cannot fill the pool. */
export function admitConnection(socket: Socket, server: EventEmitter, connections: Pool): void {
  socket.on('error', () => undefined)
  const ip = plainAddress(socket.remoteAddress ?? '')
  const { client } = shrinkingShares(connections, { client: connections.client, least: LEAST_PART })
  // A network keeps its proportion.
  const shares = { client, network: Math.max(client, Math.round((connections.network * client) / connections.client)) }
  const place = ip === '' ? null : connections.take({ purpose: 'internet', ip, shares })
  if (place?.kind !== 'lease') return void socket.destroy()
  socket.once('close', () => place.release())
  server.emit('connection', socket)
}
