// The confirmed names of clients from the internet (dns/fcrdns.ts), for trace header and ledger. Nodes of ours do not wait for theirs:
// a listed address is never asked about, one that has shown a peer's certificate not again.

import { confirmedName } from '../dns/fcrdns.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'

export interface ClientNames {
  /** The name of a client whom nothing but his address introduces; null if it has none or it cannot be known in time. */
  of(ip: string): Promise<string | null>
  /** A peer of ours came from this address. */
  isPeer(ip: string): void
}

/** Addresses of nodes of ours that are remembered: fleets have dozens, and forgetting one costs it a single look-up. */
const MAX_PEERS = 1000

export function createClientNames(ports: { readonly resolver: Resolver; readonly clock: Clock }): ClientNames {
  const peers = new Set<string>()
  return {
    of: async (ip) => {
      if (peers.has(ip)) return null
      const found = await confirmedName(ip, ports)
      return found.kind === 'name' ? found.name : null
    },
    isPeer: (ip) => {
      if (peers.size >= MAX_PEERS) peers.clear()
      peers.add(ip)
    },
  }
}
