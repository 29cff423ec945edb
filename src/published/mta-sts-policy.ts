// The MTA-STS policy of a domain (RFC 8461 3.2), as its servers have to serve it, and the identifier of its record.

import { createHash } from 'node:crypto'
import type { FleetDomain } from '../fleet/fleet-model.ts'

/** RFC 8461 3.2: at most about a year. Seconds. */
const LONGEST = 31_557_600
/** RFC 8461 3.1: at most 32 letters and digits. */
const ID_LENGTH = 32

/** The text of the policy; null without one. */
export function mtaStsPolicy({ mx, records }: Pick<FleetDomain, 'mx' | 'records'>): string | null {
  const sts = records.mtaSts
  if (!sts) return null
  const lines = [
    'version: STSv1',
    `mode: ${sts.mode}`,
    ...mx.map(({ hostname }) => `mx: ${hostname}`),
    `max_age: ${Math.min(LONGEST, Math.round(sts.maxAge / 1000))}`,
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}

/** It changes exactly when the policy changes, which makes senders fetch it again (RFC 8461 3.1). */
export function mtaStsId(policy: string): string {
  return createHash('sha256').update(policy).digest('hex').slice(0, ID_LENGTH)
}
