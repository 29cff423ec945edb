// A pool of units that are held for a time. Each holder is counted by client, network and account, so that none can take the shares of the
// others, and by purpose, so that the important finds a place when the rest has filled its part.

import { addressKeys } from './address-keys.ts'
import type { PoolBudget, Purpose } from './budget.ts'

/** The holder of units. A holder without `ip`, `account` or `zone` has no share of that kind. */
export interface Holder {
  readonly purpose: Purpose
  readonly ip?: string
  readonly account?: string
  readonly zone?: string
  /** Shares of this holder's client and network, in place of those of the pool. */
  readonly shares?: { readonly client: number; readonly network: number }
}

/** The limit that was reached: `capacity` and `purpose` mean that the pool itself is full, `transaction` that one lease has its most. */
export const shortages = ['capacity', 'purpose', 'client', 'network', 'account', 'transaction', 'zone'] as const
export type Shortage = (typeof shortages)[number]

export interface Lease {
  readonly kind: 'lease'
  /** Takes more units for the same holder, all or none. Null if it has them, else the limit that was reached: `capacity` after the release. */
  extend(units: number): Shortage | null
  /** Gives some of the units back. */
  shrink(units: number): void
  /** Gives all units back. Calls after the first have no effect. */
  release(): void
}

export type Taken = Lease | { readonly kind: 'short'; readonly shortage: Shortage }

export interface Pool {
  readonly capacity: number
  /** The share of one client, for callers that give smaller ones; infinity if the pool has none. */
  readonly client: number
  /** The same of one network. */
  readonly network: number
  readonly used: number
  /** Changes the capacity, at most to that of the table; shares change by the same factor. Held units stay held. */
  resize(capacity: number): void
  /** Units that the client of this address has. */
  heldBy(ip: string): number
  /** Takes units, all or none. */
  take(holder: Holder, units?: number): Taken
  /** Whether `take` would succeed. Counts no refusal: for holders that wait. */
  fits(holder: Holder, units?: number): boolean
  /** How much of what this purpose can have is used, 0 to 1; 1 also if more important holders use more. */
  filled(purpose: Purpose): number
}

export type PoolLimits = Pick<
  PoolBudget,
  'capacity' | 'client' | 'network' | 'account' | 'transaction' | 'zone' | 'ceilings' | 'portions'
>

/** Units that one client, network, account, zone or purpose holds. */
interface Counter {
  held: number
  /** Leases that count here. */
  leases: number
}

/** @param refused called for each request that the pool could not satisfy */
export function createPool(limits: PoolLimits, refused: (shortage: Shortage) => void): Pool {
  return new CountedPool(limits, refused)
}

/** A limit of a holder. */
interface Share {
  readonly limit: Shortage
  readonly most: number
  readonly counter: Counter
  /** Where the counter is found while it has leases; null if it is kept for longer. */
  readonly key: string | null
}

/** A class, as the leases: there are several requests for each message. */
class CountedPool implements Pool {
  readonly client: number
  readonly network: number
  readonly #limits: PoolLimits
  readonly #refused: (shortage: Shortage) => void
  /** Of clients, networks, accounts and zones that have leases. */
  readonly #counters = new Map<string, Counter>()
  readonly #purposes = new Map<Purpose, Counter>()
  /** The shares of holders with nothing but a purpose, because delivery takes one for each message. */
  readonly #plain = new Map<Purpose, readonly Share[]>()
  #used = 0
  #factor = 1

  constructor(limits: PoolLimits, refused: (shortage: Shortage) => void) {
    this.#limits = limits
    this.#refused = refused
    this.client = limits.client ?? Number.POSITIVE_INFINITY
    this.network = limits.network ?? Number.POSITIVE_INFINITY
  }

  get capacity(): number {
    return Math.floor(this.#limits.capacity * this.#factor)
  }

  get used(): number {
    return this.#used
  }

  resize(capacity: number): void {
    this.#factor = Math.min(1, Math.max(0, capacity / this.#limits.capacity))
  }

  heldBy(ip: string): number {
    return this.#counters.get(addressKeys(ip).client)?.held ?? 0
  }

  fits(holder: Holder, units = 1): boolean {
    return this.#shortageOf(holder.purpose, this.#sharesOf(holder), 0, units) === null
  }

  filled(purpose: Purpose): number {
    const { capacity, ceilings, portions } = this.#limits
    const part = (of: PoolLimits['ceilings']) => Math.max(1, capacity * this.#factor * (of?.[purpose] ?? 1))
    const held = this.#purposes.get(purpose)?.held ?? 0
    return Math.min(1, Math.max(this.#used / part(ceilings), held / part(portions)))
  }

  take(holder: Holder, units = 1): Taken {
    const shares = this.#sharesOf(holder)
    const lease = new HeldUnits(this, holder.purpose, shares)
    const shortage = this.claim(lease, units)
    if (shortage !== null) return { kind: 'short', shortage }
    for (const { key, counter } of shares) if (counter.leases++ === 0 && key !== null) this.#counters.set(key, counter)
    return lease
  }

  /** Gives a lease more units if they fit, and returns null; else counts a refusal. */
  claim(lease: HeldUnits, units: number): Shortage | null {
    const shortage = this.#shortageOf(lease.purpose, lease.shares, lease.held, units)
    if (shortage === null) this.count(lease, units)
    else this.#refused(shortage)
    return shortage
  }

  /** Counts units without asking whether they fit: fewer than 0 are given back. */
  count(lease: HeldUnits, units: number): void {
    this.#used += units
    lease.held += units
    for (const { counter } of lease.shares) counter.held += units
  }

  /** One lease less. */
  forget({ shares }: HeldUnits): void {
    for (const { key, counter } of shares) if (--counter.leases === 0 && key !== null) this.#counters.delete(key)
  }

  #shortageOf(purpose: Purpose, shares: readonly Share[], held: number, units: number): Shortage | null {
    const { ceilings, transaction } = this.#limits
    const capacity = this.#limits.capacity * this.#factor
    const used = this.#used + units
    if (used > capacity) return 'capacity'
    // A pool of few units must not exclude a purpose.
    if (used > Math.max(1, capacity * (ceilings?.[purpose] ?? 1))) return 'purpose'
    if (transaction !== undefined && held + units > transaction * this.#factor) return 'transaction'
    for (const { limit, counter, most } of shares) if (counter.held + units > most * this.#factor) return limit
    return null
  }

  #sharesOf(holder: Holder): readonly Share[] {
    for (const member in holder) if (member !== 'purpose') return this.#allShares(holder)
    const known = this.#plain.get(holder.purpose)
    if (known) return known
    const shares = this.#allShares(holder)
    this.#plain.set(holder.purpose, shares)
    return shares
  }

  /** Narrowest first. */
  #allShares({ purpose, ip, account, zone, shares: own }: Holder): readonly Share[] {
    const limits = this.#limits
    const shares: Share[] = []
    const add = (limit: Shortage, most: number | undefined, key: string) => {
      if (most !== undefined)
        shares.push({ limit, most, counter: this.#counters.get(key) ?? { held: 0, leases: 0 }, key })
    }
    const portion = limits.portions?.[purpose]
    if (portion !== undefined) {
      const counter = this.#purposes.get(purpose) ?? { held: 0, leases: 0 }
      this.#purposes.set(purpose, counter)
      shares.push({ limit: 'purpose', most: Math.max(1, limits.capacity * portion), counter, key: null })
    }
    if (account !== undefined) add('account', limits.account, `account ${account}`)
    if (ip !== undefined) {
      const keys = addressKeys(ip)
      add('client', own?.client ?? limits.client, keys.client)
      add('network', own?.network ?? limits.network, keys.network)
    }
    if (zone !== undefined) add('zone', limits.zone, `zone ${zone}`)
    return shares
  }
}

/** `held` and the rest are for the pool only. */
class HeldUnits implements Lease {
  readonly kind = 'lease'
  readonly purpose: Purpose
  readonly shares: readonly Share[]
  held = 0
  readonly #pool: CountedPool
  #isReleased = false

  constructor(pool: CountedPool, purpose: Purpose, shares: readonly Share[]) {
    this.#pool = pool
    this.purpose = purpose
    this.shares = shares
  }

  extend(units: number): Shortage | null {
    // The holder has given everything back and does not do it again.
    return this.#isReleased ? 'capacity' : this.#pool.claim(this, units)
  }

  shrink(units: number): void {
    this.#pool.count(this, -Math.min(units, this.held))
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#pool.count(this, -this.held)
    this.#pool.forget(this)
  }
}
