// The connections of the transfer listener. Every client is a stranger until its certificate is proven, so strangers have few
// places, a short time, and shares per network. One more stranger closes the oldest connection of the network that has the most, so that a
// silent crowd cannot keep a peer out.

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Holder, Lease, Pool } from '../../budget/pool.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { siteNetwork } from '../../lib/ip-address.ts'
import { peerOf } from './peer-certificate.ts'
import type { TransferPeer } from './transfer-rules.ts'

/** Time from the connection to the proof of the certificate: a TLS handshake over any network takes less. */
const PROOF_MS = 10_000

export interface ConnectionPorts {
  /** Of the budget `transferConnections`. */
  readonly pool: Pool
  readonly clock: Clock
  /** By fingerprint, lower-case hex. */
  readonly peers: ReadonlyMap<string, TransferPeer>
  /** True for an address that the configuration gives to one of these peers. It proves nothing, but keeps a place free. */
  readonly isPeerAddress: (ip: string) => boolean
}

export interface TransferConnections {
  /** Takes a place for a new connection. False, and the connection is closed, if there is none. */
  open(socket: Socket): boolean
  /** At the end of the handshake: a peer moves to the places of peers. */
  prove(socket: TLSSocket): void
  /** Closes every connection. */
  close(): void
}

interface Place {
  readonly socket: Socket
  lease: Lease
  /** Null once the peer is proven. */
  deadline: Timer | null
  /** True if the address is of a peer. */
  readonly isExpected: boolean
  /** The network whose share it takes. */
  readonly site: string
}

export function createTransferConnections(ports: ConnectionPorts): TransferConnections {
  const { pool, clock, peers, isPeerAddress } = ports
  // In the order of arrival.
  const places = new Map<string, Place>()
  const leave = (key: string, place: Place) => {
    if (places.get(key) !== place) return
    places.delete(key)
    place.deadline?.cancel()
    place.lease.release()
    place.socket.destroy()
  }
  const makeRoom = (site: string): boolean => {
    const [key, place] = crowdedPlace(places, site) ?? []
    if (key === undefined || !place) return false
    leave(key, place)
    return true
  }
  return {
    open: (socket) => {
      const ip = socket.remoteAddress
      // A port scan has closed the socket again, so it has no address.
      if (ip === undefined) {
        socket.destroy()
        return false
      }
      const key = keyOf(socket)
      // A client can reset a connection and come again from the same port before its end is noticed here.
      const before = places.get(key)
      if (before) leave(key, before)
      const isExpected = isPeerAddress(ip)
      const holder = isExpected ? ({ purpose: 'fleet', account: ip } as const) : ({ purpose: 'internet', ip } as const)
      const lease = takeLease(pool, holder, () => makeRoom(siteNetwork(ip)))
      if (!lease) {
        socket.destroy()
        return false
      }
      const deadline = clock.after(PROOF_MS, () => leave(key, place))
      const place: Place = { socket, lease, deadline, isExpected, site: siteNetwork(ip) }
      places.set(key, place)
      socket.once('close', () => leave(key, place))
      return true
    },
    prove: (socket) => {
      const key = keyOf(socket)
      const place = places.get(key)
      const peer = peerOf(socket, peers)
      // A stranger keeps its place and its deadline: it gets the reason in the reply.
      if (!place || !peer) return
      socket.once('close', () => leave(key, place))
      place.lease.release()
      const taken = pool.take({ purpose: 'fleet', account: `${peer.role} ${peer.host}` })
      if (taken.kind === 'short') return leave(key, place)
      place.lease = taken
      place.deadline?.cancel()
      place.deadline = null
    },
    close: () => {
      for (const [key, place] of places) leave(key, place)
    },
  }
}

/** @param makeRoom closes another connection if it can, where the pool itself is full */
function takeLease(pool: Pool, holder: Holder, makeRoom: () => boolean): Lease | null {
  const taken = pool.take(holder)
  if (taken.kind === 'lease') return taken
  const isFull = taken.shortage === 'capacity' || taken.shortage === 'purpose'
  if (!isFull || !makeRoom()) return null
  const again = pool.take(holder)
  return again.kind === 'lease' ? again : null
}

/** The oldest connection of the network with the most strangers; of the newcomer's network if no other has more. */
function crowdedPlace(places: ReadonlyMap<string, Place>, newcomer: string): readonly [string, Place] | null {
  const strangers = [...places].filter(([, { deadline, isExpected }]) => deadline !== null && !isExpected)
  const bySite = Map.groupBy(strangers, ([, { site }]) => site)
  let crowd = bySite.get(newcomer) ?? []
  for (const each of bySite.values()) if (each.length > crowd.length) crowd = each
  return crowd[0] ?? null
}

/** The TLS socket of a connection has the same remote end as the socket below it. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
