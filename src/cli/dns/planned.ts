// The first half of the commands of `waypost dns`: loads the fleet file and its DKIM keys, or prints their problems and exits with 2.

import { loadPlan, type Plan } from '../../node/fleet-plan.ts'
import { withFleet } from '../fleet/with-fleet.ts'
import { type Io, line, USAGE } from '../io.ts'

/** Runs `use` with the plan. Returns the exit code. */
export async function withPlan(file: string, io: Io, use: (plan: Plan) => Promise<number> | number): Promise<number> {
  return withFleet(file, io, async (fleet) => {
    const load = await loadPlan(fleet)
    if (load.kind === 'bad') {
      for (const problem of load.problems) line(io.stderr, problem)
      return USAGE
    }
    for (const warning of load.warnings) line(io.stderr, `${warning} (warning)`)
    return use(load.plan)
  })
}
