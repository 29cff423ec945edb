// Connections to mail hosts, counted by the address and the network of the host: many domains can have one mail host, and a host that never
// replies must not hold the slots of all others. A host that replies quickly may have many connections, one that holds them few. The number
// that a host accepts is learned from its refusals.

import type { Lease, Pool } from '../../budget/pool.ts'
import type { Clock } from '../../lib/clock.ts'
import { clientNetwork, siteNetwork } from '../../lib/ip-address.ts'
import type { Target } from '../target.ts'
import {
  growShare,
  type HostShare,
  learnedLimit,
  learnLimit,
  newShare,
  type ShareBounds,
  shrinkShare,
} from './host-share.ts'
import type { WaitingHops } from './waiting-hops.ts'

export interface HostSlotsPorts {
  readonly pool: Pick<Pool, 'take' | 'heldBy' | 'capacity'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly waiting: WaitingHops
  /** Idle connections to this address, which the host counts as well. */
  readonly idle: (address: string) => number
  /** Shares that a host and a network start with. */
  readonly start: { readonly client: number; readonly network: number }
}

export interface HostRequest {
  readonly nextHop: string
  /** Peers and hosts with limits that the operator set: only what the host itself refuses counts. */
  readonly isTrusted: boolean
}

export type HostAcquisition =
  | { readonly kind: 'acquired'; readonly slot: HostSlot }
  /** Try again after so many ms, or when the next hop is called. */
  | { readonly kind: 'full'; readonly waitMs: number }

/** One place for a connection to a host. */
export interface HostSlot {
  readonly address: string
  /**
   * The host refused one more connection. If others of this node are open there, fewer are enough and nothing failed: the place is given back,
   * and the result is the ms after which to try again if the next hop is not called before. Null if there is no other.
   * @param isNamed the reply names the number of connections; another 421 may have another reason, so more are tried sooner
   */
  refused(isNamed: boolean): number | null
  /** Gives the place back. Calls after the first have no effect. @param answered whether the host replied to a transaction */
  release(answered: boolean): void
}

/** Addresses, and networks, whose shares are remembered. Beyond it all start again. */
const CAPACITY = 10_000
/** The most connections of one address and of one network, as parts of the capacity. */
const MOST_OF_ADDRESS = 0.25
const MOST_OF_NETWORK = 0.5
/** A reply within this time shows a host that works, ms; one that holds a connection for so long without a result shows the opposite. */
const QUICK_MS = 30_000
const STALLED_MS = 10_000
/** A host that was left so lately may count an idle connection of this node that was just closed, ms. */
const CLOSING_MS = 10_000

const UNLIMITED = Number.POSITIVE_INFINITY

interface Host {
  readonly address: string
  readonly client: string
  readonly network: string
  readonly share: HostShare
  readonly site: HostShare
  /** When a connection that the host served was last given back, monotonic ms. */
  servedAt: number
}

export class HostSlots {
  readonly #ports: HostSlotsPorts
  readonly #bounds: { readonly client: ShareBounds; readonly network: ShareBounds }
  readonly #hosts = new Map<string, Host>()
  readonly #sites = new Map<string, HostShare>()

  constructor(ports: HostSlotsPorts) {
    this.#ports = ports
    const { pool, start } = ports
    this.#bounds = {
      client: boundsOf(start.client, pool.capacity * MOST_OF_ADDRESS),
      network: boundsOf(start.network, pool.capacity * MOST_OF_NETWORK),
    }
  }

  /** A place for a connection to the target; null for a unix socket, which has no host. */
  acquire({ endpoint }: Target, { nextHop, isTrusted }: HostRequest): HostAcquisition | null {
    if (endpoint.kind === 'unix') return null
    const host = this.#host(endpoint.address)
    const { pool, waiting, clock } = this.#ports
    const learned = learnedLimit(host.share, clock.monotonic())
    const shares = isTrusted
      ? { client: learned, network: UNLIMITED }
      : { client: Math.min(learned, host.share.limit), network: host.site.limit }
    const taken = pool.take({ purpose: isTrusted ? 'fleet' : 'internet', ip: host.address, shares })
    if (taken.kind === 'short')
      return { kind: 'full', waitMs: waiting.add(taken.shortage === 'network' ? host.network : host.client, nextHop) }
    waiting.served(host.client, nextHop)
    waiting.served(host.network, nextHop)
    return { kind: 'acquired', slot: this.#slot(host, nextHop, taken) }
  }

  /** Idle connections to close before one more is opened, because the host counts them as well. */
  surplus(address: string): number {
    const { pool, idle, clock } = this.#ports
    const accepted = learnedLimit(this.#host(address).share, clock.monotonic())
    if (accepted === UNLIMITED) return 0
    const unused = idle(address)
    return Math.max(0, Math.min(unused, pool.heldBy(address) + unused - accepted))
  }

  #slot(host: Host, nextHop: string, lease: Lease): HostSlot {
    const { clock, waiting } = this.#ports
    const since = clock.monotonic()
    let isHeld = true
    return {
      address: host.address,
      refused: (isNamed) => {
        if (!this.#learn(host, isNamed)) return null
        isHeld = false
        lease.release()
        return waiting.add(host.client, nextHop)
      },
      release: (answered) => {
        if (!isHeld) return
        isHeld = false
        lease.release()
        this.#judge(host, { answered, heldMs: clock.monotonic() - since })
      },
    }
  }

  /** False if no other connection of this node is open. */
  #learn(host: Host, isNamed: boolean): boolean {
    const { pool, idle, clock } = this.#ports
    const others = pool.heldBy(host.address) - 1 + idle(host.address)
    const now = clock.monotonic()
    if (others === 0 && now - host.servedAt > CLOSING_MS) return false
    learnLimit(host.share, others, { now, isNamed })
    return true
  }

  #judge(host: Host, { answered, heldMs }: { readonly answered: boolean; readonly heldMs: number }): void {
    const { waiting, clock } = this.#ports
    if (answered) host.servedAt = clock.monotonic()
    const grows = answered && heldMs < QUICK_MS
    if (grows) {
      growShare(host.share, this.#bounds.client)
      growShare(host.site, this.#bounds.network)
    } else if (!answered && heldMs > STALLED_MS) {
      shrinkShare(host.share)
      shrinkShare(host.site)
    }
    // A share that grew has a second place.
    for (let i = 0; i < (grows ? 2 : 1); i++) {
      waiting.freed(host.client)
      waiting.freed(host.network)
    }
  }

  #host(address: string): Host {
    const known = this.#hosts.get(address)
    if (known) return known
    const client = `address ${clientNetwork(address)}`
    const network = `network ${siteNetwork(address)}`
    const site = this.#sites.get(network) ?? newShare(this.#bounds.network)
    if (this.#hosts.size >= CAPACITY) {
      this.#hosts.clear()
      this.#sites.clear()
    }
    const host = { address, client, network, site, share: newShare(this.#bounds.client), servedAt: -UNLIMITED }
    this.#hosts.set(address, host)
    this.#sites.set(network, site)
    return host
  }
}

function boundsOf(start: number, most: number): ShareBounds {
  const whole = Math.max(1, Math.floor(most))
  return { start: Math.min(start, whole), most: whole }
}
