// Decides which places a session takes. A connection without proof waits in a small pool for a short time (budget `unprovenSessions`). A
// certificate, a login or an accepted MAIL moves it to the pool of the listener (budget `sessions`), of which a part is kept for the fleet
// and for people. Clients whose address is known start there.

import type { Holder, Lease, Pool, Shortage } from '../budget/pool.ts'
import { pressureOf, shrinkingShares } from '../budget/shrinking-shares.ts'
import { plainAddress } from '../lib/ip-address.ts'
import type { Origin } from '../smtp/origin.ts'
import type { ProvenAddresses } from './proven-addresses.ts'

export interface SessionPools {
  readonly sessions: Pool
  readonly unproven: Pool
  /** Sessions that one client can have in each pool while it is not half full. */
  readonly clientShare: number
  readonly unprovenShare: number
}

export interface SessionPlaceParts extends SessionPools {
  /** True for the configured address of a fleet node of any role. */
  readonly isPeer: (ip: string) => boolean
  /** Addresses that proved themselves before; all listeners of a node share them. */
  readonly known: ProvenAddresses
}

/** What a client has proven: a fleet node, an account or a program of this host, or an accepted MAIL. */
export type Proof = 'fleet' | 'people' | 'internet'

export interface Refused {
  readonly kind: 'refused'
  /** The budget and its limit, for the log. */
  readonly cause: string
}

export interface SessionPlace {
  readonly kind: 'place'
  readonly proof: Proof | null
  /** Moves to the place that the proof deserves, once for each proof. Null if it has it, else why it has none. */
  prove(proof: Proof): Refused | null
  /** How near the pool of this place is to full for strangers, 0 to 1: their time limits shrink with it. 0 for all others. */
  pressure(): number
  release(): void
}

export interface SessionPlaces {
  /** At accept, before any octet. `localIp` is the address that the client connected to; null if only a balancer says so. */
  take(remoteIp: string, localIp: string | null): SessionPlace | Refused
  /** For a health check of a balancer, which must be answered while strangers hold their places. It proves nothing. */
  takeForBalancer(ip: string): SessionPlace | Refused
}

/** The part of its share that a client has in a full pool. With it, fewer than 60 addresses do not fill a pool. */
const LEAST_SHARE = { proven: 0.25, unproven: 0.1 }

export function createSessionPlaces(parts: SessionPlaceParts): SessionPlaces {
  return {
    take: (remoteIp, localIp) => {
      const ip = plainAddress(remoteIp)
      if (parts.isPeer(ip)) return open(parts, { ip, proof: 'fleet', holder: { purpose: 'fleet' } })
      // A program of this host: the kernel gives both ends of a connection to an own address the same one.
      if (localIp !== null && ip === plainAddress(localIp))
        return open(parts, { ip, proof: 'people', holder: { purpose: 'people' } })
      const purpose = parts.known.purposeOf(ip)
      const known = purpose && open(parts, { ip, proof: null, holder: holderOf(parts, purpose, ip) })
      return known?.kind === 'place' ? known : open(parts, { ip, proof: null, holder: null })
    },
    takeForBalancer: (ip) => open(parts, { ip, proof: null, holder: holderOf(parts, 'fleet', ip) }),
  }
}

interface Opening {
  readonly ip: string
  readonly proof: Proof | null
  /** Null for a place among the unproven. */
  readonly holder: Holder | null
}

function open(parts: SessionPlaceParts, { ip, proof: first, holder }: Opening): SessionPlace | Refused {
  const { sessions, unproven, unprovenShare, known } = parts
  let proof = first
  let pool = holder === null ? unproven : sessions
  const shares = shrinkingShares(unproven, { client: unprovenShare, least: LEAST_SHARE.unproven })
  const taken = pool.take(holder ?? { purpose: 'internet', ip, shares })
  if (taken.kind === 'short') return refused(holder === null ? 'unprovenSessions' : 'sessions', taken.shortage)
  let lease: Lease = taken
  return {
    kind: 'place',
    get proof() {
      return proof
    },
    prove: (shown) => {
      if (proof === shown || proof === 'fleet' || (proof === 'people' && shown === 'internet')) return null
      lease.release()
      const moved = sessions.take(shown === 'fleet' ? { purpose: 'fleet' } : holderOf(parts, shown, ip))
      if (moved.kind === 'short') return refused('sessions', moved.shortage)
      lease = moved
      pool = sessions
      proof = shown
      if (shown !== 'internet') known.remember(ip, shown)
      return null
    },
    pressure: () => (proof === 'fleet' || proof === 'people' ? 0 : pressureOf(pool)),
    release: () => lease.release(),
  }
}

/** Many known clients can be in one network, such as an office or a rack of machines, so only strangers share by network. */
function holderOf({ sessions, clientShare }: SessionPools, purpose: Proof, ip: string): Holder {
  if (purpose === 'internet')
    return { purpose, ip, shares: shrinkingShares(sessions, { client: clientShare, least: LEAST_SHARE.proven }) }
  return { purpose, ip, shares: { client: clientShare, network: Number.POSITIVE_INFINITY } }
}

/** The proof that an origin class is; null if the client has still to prove itself. */
export function proofOf(origin: Origin | null, mailAccepted: boolean): Proof | null {
  switch (origin?.kind) {
    case 'peer':
      return 'fleet'
    case 'user':
    case 'machine':
    case 'local':
      return 'people'
    default:
      return mailAccepted ? 'internet' : null
  }
}

function refused(budget: 'sessions' | 'unprovenSessions', limit: Shortage): Refused {
  return { kind: 'refused', cause: `${budget}: ${limit}` }
}
