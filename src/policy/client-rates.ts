// What a client, its site and all clients together have used up. While all clients together use much, the shares of each shrink, so that
// many clients cannot take what the others need: the limit of all alone refuses no client.

import { addressKeys } from '../budget/address-keys.ts'
import type { Rate } from '../budget/rate.ts'

/** A site has this many times the share of a client, and all clients have this many. */
export const SITE_SHARE = 3
export const ALL_SHARE = 20
/** The part of its share that a client has when all clients together have used up theirs. */
const LEAST_SHARE = 0.1
/** Of what all clients have: below it, each has its whole share. */
const CALM = 0.5
export const ALL = 'all clients'

export interface ClientRate {
  count(ip: string, units?: number): void
  /** Whose limit is reached; null if none is. Counts as a refusal if one is. */
  over(ip: string): string | null
  /** The part of its share that the client has used up. */
  filled(ip: string): number
}

export function createClientRate(rate: Pick<Rate, 'capacity' | 'count' | 'isOver' | 'used'>): ClientRate {
  const share = () => {
    const filled = rate.used(ALL) / (rate.capacity * ALL_SHARE)
    const pressure = Math.min(1, Math.max(0, (filled - CALM) / (1 - CALM)))
    return 1 - (1 - LEAST_SHARE) * pressure
  }
  return {
    count: (ip, units = 1) => {
      const { client, network } = addressKeys(ip)
      for (const key of [client, network, ALL]) rate.count(key, units)
    },
    over: (ip) => {
      const now = share()
      const { client, network } = addressKeys(ip)
      if (rate.isOver(client, now)) return client
      return rate.isOver(network, now * SITE_SHARE) ? network : null
    },
    filled: (ip) => rate.used(addressKeys(ip).client) / rate.capacity,
  }
}
