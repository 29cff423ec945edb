// Finds the forward-confirmed name of clients from the internet, for the trace field and the ledger. It refuses nothing. Fleet nodes do
// not wait for the DNS: a listed address has another origin, and an address that has shown a peer's certificate is remembered.

import { confirmedName } from '../../dns/fcrdns.ts'
import type { Resolver } from '../../dns/resolver.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Check } from '../check.ts'
import { nameUnknown, noEvidence } from '../evidence.ts'
import { accept } from '../verdict.ts'

/** Peer addresses that are remembered. A fleet has dozens of nodes; forgetting one costs one look-up. */
const MAX_PEERS = 1000

/** The look-up has its own deadline (dns/fcrdns.ts); a client without an answer has no name. */
export function clientNameCheck(ports: { readonly resolver: Resolver; readonly clock: Clock }): Check {
  const peers = new Set<string>()
  return {
    name: 'client-name',
    connect: async ({ session, origin }) => {
      if (origin?.kind !== 'internet' || peers.has(session.remoteIp)) return { verdict: accept }
      const { remoteIp: client, closed: signal } = session
      const found = await confirmedName(client, ports, { purpose: 'optional', client, ...(signal && { signal }) })
      const evidence = found.kind === 'unavailable' ? [nameUnknown(found.cause)] : noEvidence
      return { verdict: accept, remoteName: found.kind === 'name' ? found.name : null, evidence }
    },
    secured: ({ session, origin }) => {
      if (origin?.kind === 'peer') {
        if (peers.size >= MAX_PEERS) peers.clear()
        peers.add(session.remoteIp)
      }
      return { verdict: accept }
    },
  }
}
