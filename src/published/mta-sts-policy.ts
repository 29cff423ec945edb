// The MTA-STS policy of a domain of the fleet, as its servers serve it (RFC 8461 3.2).

import type { FleetDomain } from '../fleet/fleet-model.ts'
import { MOST_MAX_AGE, type StsPolicy } from '../mta-sts/sts-policy.ts'

/** Null without one. */
export function mtaStsPolicy({ mx, records }: Pick<FleetDomain, 'mx' | 'records'>): StsPolicy | null {
  const sts = records.mtaSts
  if (!sts) return null
  const maxAge = Math.min(MOST_MAX_AGE, Math.round(sts.maxAge / 1000))
  return { mode: sts.mode, mx: mx.map(({ hostname }) => hostname), maxAge }
}
