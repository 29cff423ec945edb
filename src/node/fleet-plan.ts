// The DNS records of a fleet, with those of the DKIM keys that are on this host.

import { keyRecord } from '../dkim/key-record.ts'
import { loadKeys } from '../dkim/key-store.ts'
import type { Fleet } from '../fleet/fleet-model.ts'
import { planRecords } from '../published/plan-records.ts'
import type { PlannedRecord } from '../published/planned-record.ts'

export interface Plan {
  readonly fleet: Fleet
  readonly records: readonly PlannedRecord[]
}

export type PlanLoad =
  | { readonly kind: 'ok'; readonly plan: Plan; readonly warnings: readonly string[] }
  | { readonly kind: 'bad'; readonly problems: readonly string[] }

/** @param more directories of DKIM keys beside those of the fleet file */
export async function loadPlan(fleet: Fleet, more: readonly string[] = []): Promise<PlanLoad> {
  const loaded = await Promise.all([...new Set([...fleet.dkimKeys, ...more])].map((directory) => loadKeys(directory)))
  const problems = loaded.flatMap((one) => one.problems)
  if (problems.length > 0) return { kind: 'bad', problems }
  const keys = loaded.flatMap((one) => one.keys)
  const isOurs = (domain: string) => fleet.domains.some(({ name }) => name === domain)
  const unsigned = fleet.domains.filter(
    ({ name, senders }) => senders.length > 0 && !keys.some((key) => key.domain === name),
  )
  const warnings = [
    ...loaded.flatMap((one) => one.warnings),
    ...keys
      .filter(({ domain }) => !isOurs(domain))
      .map(({ file, domain }) => `${file}: the fleet file does not have the domain ${domain}`),
    ...unsigned.map(({ name }) => `${name}: no DKIM key, so its mail is not signed; make one with waypost dkim keygen`),
  ]
  const ours = keys.filter(({ domain }) => isOurs(domain))
  return { kind: 'ok', plan: { fleet, records: planRecords(fleet, ours.map(keyRecord)) }, warnings }
}
