// Config → the TLS policies of destinations.

import type { Config } from '../config/config.ts'
import type { DestinationConfig, TlsLevel } from '../config/sections/delivery-destinations.ts'
import { tlsPolicies } from '../delivery/tls-policy/configured-policies.ts'
import { fingerprintPolicy } from '../delivery/tls-policy/fingerprint-policy.ts'
import { withMandatoryTls } from '../delivery/tls-policy/mandatory-tls.ts'
import { securePolicy } from '../delivery/tls-policy/secure-policy.ts'
import type { TlsPolicy } from '../delivery/tls-policy/tls-policy.ts'

/** The policy of hosts without an entry. */
export function generalPolicy({ delivery }: Pick<Config, 'delivery'>): TlsPolicy {
  return withMandatoryTls(tlsPolicies[delivery.tls], delivery.mandatory_tls)
}

/** The policy of an entry; null if it has none. */
export function destinationPolicy(
  one: Pick<DestinationConfig, 'tls' | 'match' | 'fingerprints'>,
  { mandatory_tls }: Pick<Config['delivery'], 'mandatory_tls'>,
): TlsPolicy | null {
  switch (one.tls) {
    case null:
      return null
    case 'secure':
      return securePolicy(one.match ?? null)
    case 'fingerprint':
      return fingerprintPolicy(one.fingerprints ?? [])
    default:
      return withMandatoryTls(tlsPolicies[one.tls], mandatory_tls)
  }
}

/** Levels that accept verified hosts only. */
export const verifiedLevels: ReadonlySet<TlsLevel> = new Set<TlsLevel>(['verify', 'secure', 'fingerprint', 'dane-only'])
