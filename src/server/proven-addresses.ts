// Remembers addresses from which a fleet node or an account proved itself, so that its next connection finds a place while strangers hold
// theirs. The address alone proves nothing: the session has the short time of the unproven until it proves itself again.

import { clientNetwork } from '../lib/ip-address.ts'

/** Addresses that are remembered; those that proved themselves longest ago are forgotten first. They take about a megabyte. */
const MAX_ADDRESSES = 10_000

export interface ProvenAddresses {
  remember(ip: string, purpose: 'fleet' | 'people'): void
  purposeOf(ip: string): 'fleet' | 'people' | null
}

export function createProvenAddresses(): ProvenAddresses {
  const known = new Map<string, 'fleet' | 'people'>()
  return {
    remember: (ip, purpose) => {
      const key = clientNetwork(ip)
      // Deleted first, so that the map is in the order of the last proof.
      known.delete(key)
      known.set(key, purpose)
      const [oldest] = known.keys()
      if (known.size > MAX_ADDRESSES && oldest !== undefined) known.delete(oldest)
    },
    purposeOf: (ip) => known.get(clientNetwork(ip)) ?? null,
  }
}
