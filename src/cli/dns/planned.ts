// The plan of a fleet file as the commands of `waypost dns` need it: its DNS records, with those of the DKIM keys.

import { loadKeys } from '../../dkim/key-store.ts'
import { keyRecord } from '../../dkim/key-record.ts'
import type { Fleet } from '../../fleet/fleet-model.ts'
import { planRecords } from '../../published/plan-records.ts'
import type { PlannedRecord } from '../../published/planned-record.ts'
import { withFleet } from '../fleet/with-fleet.ts'
import { type Io, line, USAGE } from '../io.ts'

export interface Plan {
  readonly fleet: Fleet
  readonly records: readonly PlannedRecord[]
}

/** Runs `use` with the plan, or prints the problems of the fleet file or of its keys. */
export async function withPlan(file: string, io: Io, use: (plan: Plan) => Promise<number> | number): Promise<number> {
  return withFleet(file, io, async (fleet) => {
    const loaded = await Promise.all(fleet.dkimKeys.map((directory) => loadKeys(directory)))
    const problems = loaded.flatMap((one) => one.problems)
    if (problems.length > 0) {
      for (const problem of problems) line(io.stderr, problem)
      return USAGE
    }
    for (const warning of loaded.flatMap((one) => one.warnings)) line(io.stderr, `${warning} (warning)`)
    const keys = loaded.flatMap((one) => one.keys)
    const ours = keys.filter(({ domain }) => fleet.domains.some(({ name }) => name === domain))
    for (const { file: key, domain } of keys.filter((one) => !ours.includes(one)))
      line(io.stderr, `${key}: the fleet file does not have the domain ${domain} (warning)`)
    for (const { name } of fleet.domains.filter(
      (one) => one.senders.length > 0 && !ours.some((key) => key.domain === one.name),
    ))
      line(io.stderr, `${name}: no DKIM key, so its mail is not signed; make one with waypost dkim keygen (warning)`)
    return use({ fleet, records: planRecords(fleet, ours.map(keyRecord)) })
  })
}
