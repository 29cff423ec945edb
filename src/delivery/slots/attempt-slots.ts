// What one attempt holds while it runs: a slot of each limit that its hosts share by configuration, and a place at the host that it talks to.

import type { HostLimiter, SharedLimits } from '../attempt/shared-limits.ts'
import type { Target } from '../target.ts'
import type { HostSlot, HostSlots } from './host-slots.ts'

export interface SlotPorts {
  readonly limiter: HostLimiter
  readonly hostSlots: HostSlots
}

/** Why a host may not be tried now. `shared`: a limit that applies to other hosts as well, which must not evade it. */
export interface Postponed {
  readonly cause: 'shared' | 'host'
  readonly waitMs: number
  /** The next hop is called when a place is free. */
  readonly isCalled: boolean
}

export class AttemptSlots {
  readonly #nextHop: string
  readonly #ports: SlotPorts
  /** By name, until the end of the attempt. */
  readonly #shared = new Map<string, SharedLimits>()
  #host: HostSlot | null = null
  #answered = false

  constructor(nextHop: string, ports: SlotPorts) {
    this.#nextHop = nextHop
    this.#ports = ports
  }

  /** Null if the target may be tried. The place at the host before is given back. */
  acquire(target: Target): Postponed | null {
    return this.#acquireShared(target) ?? this.#acquireHost(target)
  }

  /** The host replied to a transaction. */
  answered(): void {
    this.#answered = true
  }

  /** The host refuses one more connection; `isNamed` if its reply says why. Null if no other of this node is open there, else why the attempt is postponed. */
  refused(isNamed: boolean): Postponed | null {
    const waitMs = this.#host?.refused(isNamed) ?? null
    if (waitMs !== null) this.#host = null
    return waitMs === null ? null : { cause: 'host', waitMs, isCalled: true }
  }

  /** Idle connections to close before one to this target is opened. */
  surplus({ endpoint }: Target): number {
    return endpoint.kind === 'unix' ? 0 : this.#ports.hostSlots.surplus(endpoint.address)
  }

  /** The end of the attempt. */
  release(): void {
    this.#leaveHost()
    for (const limits of this.#shared.values()) this.#ports.limiter.release(limits)
    this.#shared.clear()
  }

  #leaveHost(): void {
    this.#host?.release(this.#answered)
    this.#host = null
    this.#answered = false
  }

  /** One slot is enough for all hosts of a limit: they get one message. */
  #acquireShared({ shared }: Target): Postponed | null {
    if (!shared) return null
    const { limiter } = this.#ports
    if (this.#shared.has(shared.name)) {
      const waitMs = limiter.pausedMs(shared)
      return waitMs > 0 ? { cause: 'shared', waitMs, isCalled: false } : null
    }
    const slot = limiter.acquire(shared, this.#nextHop)
    if (slot.kind === 'full') return { cause: 'shared', waitMs: slot.waitMs, isCalled: slot.isCalled }
    this.#shared.set(shared.name, shared)
    return null
  }

  #acquireHost(target: Target): Postponed | null {
    const { endpoint, ownConcurrency = false } = target
    if (endpoint.kind === 'tcp' && this.#host?.address === endpoint.address) return null
    this.#leaveHost()
    const isTrusted = ownConcurrency || !this.#nextHop.startsWith('mx:')
    const place = this.#ports.hostSlots.acquire(target, { nextHop: this.#nextHop, isTrusted })
    if (place === null) return null
    if (place.kind === 'full') return { cause: 'host', waitMs: place.waitMs, isCalled: true }
    this.#host = place.slot
    return null
  }
}
