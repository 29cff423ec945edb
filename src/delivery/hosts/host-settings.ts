// The contract of the host finder: its settings, and the targets that a next hop leads to.

import type { Resolver } from '../../dns/resolver.ts'
import type { Random } from '../../lib/random.ts'
import type { Target } from '../target.ts'
import type { TlsPolicy } from '../tls-policy/tls-policy.ts'
import type { DestinationNames, HostRule } from './destination-rules.ts'
import type { PreferredFamily } from './usable-addresses.ts'
import type { NoHosts } from './no-hosts.ts'

/** A fleet node, or several under one name. */
export interface Peer {
  /** Host name or IP address. */
  readonly host: string
  readonly port: number
  /** Name in its certificate, if `host` is an address. */
  readonly name?: string
}

export interface HostSettings {
  /** Fleet nodes by role. */
  readonly peers: ReadonlyMap<string, readonly Peer[]>
  /** For fleet nodes: `verify` if they have certificates. */
  readonly peerTls: TlsPolicy
  /** For MX hosts and configured next hops, unless a rule of the next hop, domain or host says otherwise. */
  readonly tls: TlsPolicy
  /** The family of addresses that is tried first, unless a rule says otherwise. Absent or null for none. */
  readonly prefer?: PreferredFamily
  readonly ruleFor?: (names: DestinationNames) => HostRule | null
  /** Port of MX hosts: 25, except in tests and the demonstration. */
  readonly mxPort: number
  /** Names and addresses of this node: an MX host of equal or worse preference is a loop (RFC 5321 section 5.1). */
  readonly ourNames: ReadonlySet<string>
  readonly ourAddresses: ReadonlySet<string>
  /** Addresses to try in one attempt (Postfix: smtp_mx_address_limit 5). */
  readonly addressLimit: number
}

export const MX_ADDRESS_LIMIT = 5

export type Hosts = { readonly kind: 'targets'; readonly targets: readonly Target[] } | NoHosts

export interface HostFinder {
  /** Rejects only if the resolver does. */
  find(nextHop: string): Promise<Hosts>
}

export interface HostPorts {
  readonly resolver: Resolver
  readonly random: Random
  /** False for an internet address whose source address has no confirmed reverse DNS (source-check.ts). */
  readonly mayReach?: (address: string, source: string | null) => boolean
}
