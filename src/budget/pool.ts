// A pool of units that are held for a time. Each holder is counted by client, network and account, so that none can take the shares of the
// others, and by purpose, so that the important finds a place when the rest has filled its part.

import { addressKeys } from './address-keys.ts'
import type { PoolBudget, Purpose } from './budget.ts'

/** The holder of units. A holder without `ip`, `account`, `transaction` or `zone` has no share of that kind. */
export interface Holder {
  readonly purpose: Purpose
  readonly ip?: string
  readonly account?: string
  /** Unique among the transactions that are open. */
  readonly transaction?: string
  readonly zone?: string
  /** Shares of this holder's client and network, in place of those of the pool. */
  readonly shares?: { readonly client: number; readonly network: number }
}

/** The limit that was reached: `capacity` and `purpose` mean that the pool itself is full. */
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

/** @param refused called for each request that the pool could not satisfy */
export function createPool(limits: PoolLimits, refused: (shortage: Shortage) => void): Pool {
  const holders = new Map<string, number>()
  const sharesOf = rememberPlain(limits)
  let used = 0
  let factor = 1
  const shortageOf = ({ purpose, shares }: Share, units: number): Shortage | null => {
    const capacity = limits.capacity * factor
    if (used + units > capacity) return 'capacity'
    // A pool of few units must not exclude a purpose.
    if (used + units > Math.max(1, capacity * (limits.ceilings?.[purpose] ?? 1))) return 'purpose'
    for (const { limit, key, most } of shares) if ((holders.get(key) ?? 0) + units > most * factor) return limit
    return null
  }
  const count = ({ shares }: Share, units: number): void => {
    used += units
    for (const { key } of shares) {
      const held = (holders.get(key) ?? 0) + units
      if (held > 0) holders.set(key, held)
      else holders.delete(key)
    }
  }
  const claim = (share: Share, units: number): Shortage | null => {
    const shortage = shortageOf(share, units)
    if (shortage === null) count(share, units)
    else refused(shortage)
    return shortage
  }
  const counts: Counts = { claim, count }
  return {
    get capacity() {
      return Math.floor(limits.capacity * factor)
    },
    client: limits.client ?? Number.POSITIVE_INFINITY,
    get used() {
      return used
    },
    resize: (capacity) => {
      factor = Math.min(1, Math.max(0, capacity / limits.capacity))
    },
    heldBy: (ip) => holders.get(addressKeys(ip).client) ?? 0,
    fits: (holder, units = 1) => shortageOf(sharesOf(holder), units) === null,
    filled: (purpose) => {
      const part = (of: PoolLimits['ceilings']) => Math.max(1, limits.capacity * factor * (of?.[purpose] ?? 1))
      const held = holders.get(`purpose ${purpose}`) ?? 0
      return Math.min(1, Math.max(used / part(limits.ceilings), held / part(limits.portions)))
    },
    take: (holder, units = 1) => {
      const share = sharesOf(holder)
      const shortage = claim(share, units)
      if (shortage !== null) return { kind: 'short', shortage }
      return new HeldUnits(counts, share, units)
    },
  }
}

interface Counts {
  claim(share: Share, units: number): Shortage | null
  count(share: Share, units: number): void
}

/** A class: there are several for each message. */
class HeldUnits implements Lease {
  readonly kind = 'lease'
  readonly #counts: Counts
  readonly #share: Share
  #held: number
  #isReleased = false

  constructor(counts: Counts, share: Share, units: number) {
    this.#counts = counts
    this.#share = share
    this.#held = units
  }

  extend(units: number): Shortage | null {
    // The holder has given everything back and does not do it again.
    if (this.#isReleased) return 'capacity'
    const shortage = this.#counts.claim(this.#share, units)
    if (shortage === null) this.#held += units
    return shortage
  }

  shrink(units: number): void {
    const given = Math.min(units, this.#held)
    this.#counts.count(this.#share, -given)
    this.#held -= given
  }

  release(): void {
    this.#isReleased = true
    this.#counts.count(this.#share, -this.#held)
    this.#held = 0
  }
}

interface Share {
  readonly purpose: Purpose
  readonly shares: readonly { readonly limit: Shortage; readonly key: string; readonly most: number }[]
}

/** The shares of a holder; those of holders with nothing but a purpose are kept, because delivery takes one for each message. */
function rememberPlain(limits: PoolLimits): (holder: Holder) => Share {
  const plain = new Map<Purpose, Share>()
  return (holder) => {
    for (const member in holder) if (member !== 'purpose') return shareOf(holder, limits)
    const share = plain.get(holder.purpose) ?? shareOf(holder, limits)
    plain.set(holder.purpose, share)
    return share
  }
}

/** The shares of a holder, narrowest first. */
function shareOf(holder: Holder, limits: PoolLimits): Share {
  const { purpose, ip, account, transaction, zone, shares: own } = holder
  const shares: { limit: Shortage; key: string; most: number }[] = []
  const add = (limit: Exclude<Shortage, 'capacity' | 'purpose'>, key: string) => {
    const most = limit === 'client' || limit === 'network' ? (own?.[limit] ?? limits[limit]) : limits[limit]
    if (most !== undefined) shares.push({ limit, key, most })
  }
  const portion = limits.portions?.[purpose]
  if (portion !== undefined)
    shares.push({ limit: 'purpose', key: `purpose ${purpose}`, most: Math.max(1, limits.capacity * portion) })
  if (transaction !== undefined) add('transaction', `transaction ${transaction}`)
  if (account !== undefined) add('account', `account ${account}`)
  if (ip !== undefined) {
    const keys = addressKeys(ip)
    add('client', keys.client)
    add('network', keys.network)
  }
  if (zone !== undefined) add('zone', `zone ${zone}`)
  return { purpose, shares }
}
