// Admits a connection of a stranger to an HTTP server, if the budget of its connections has a place.

import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { plainAddress } from '../lib/ip-address.ts'
import type { Pool } from './pool.ts'

/** A connection without a place is closed: the client tries again. */
export function admitConnection(socket: Socket, server: EventEmitter, connections: Pool): void {
  socket.on('error', () => undefined)
  const ip = plainAddress(socket.remoteAddress ?? '')
  const place = ip === '' ? null : connections.take({ purpose: 'internet', ip })
  if (place?.kind !== 'lease') return void socket.destroy()
  socket.once('close', () => place.release())
  server.emit('connection', socket)
}
