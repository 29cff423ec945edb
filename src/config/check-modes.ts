// The modes of checks, `active` or `test`, and which check can have which.

import { z } from 'zod'
import { allChecks, testModeOf } from '../policy/check-table.ts'

/** A map from the name of a check to its mode. */
export const checkModes = z
  .record(z.string(), z.enum(['active', 'test'], { error: 'active or test' }), {
    error: 'a map of checks, such as { spam: test }',
  })
  .default({})

export type CheckModes = z.output<typeof checkModes>

/** A role and its checks. */
interface Expected {
  readonly role: string
  readonly checks: readonly string[]
}

/** Reports the checks that the role does not have, and those without a test mode. */
export function reportModes(modes: CheckModes, role: Expected, report: (name: string, finding: string) => void): void {
  for (const [name, mode] of Object.entries(modes)) {
    const finding = wrongMode(name, mode, role)
    if (finding !== null) report(name, finding)
  }
}

function wrongMode(name: string, mode: CheckModes[string], { role, checks }: Expected): string | null {
  const known = testModeOf(name)
  if (known === null || !allChecks(checks).includes(name))
    return `found a check that the role ${role} does not have, expected one of ${testable(checks)}`
  if (mode === 'active' || typeof known === 'string') return null
  return `found test, expected active: the check ${name} has no test mode, because ${known.never}`
}

/** The checks that have a test mode. */
function testable(checks: Expected['checks']): string {
  return allChecks(checks)
    .filter((name) => typeof testModeOf(name) === 'string')
    .join(', ')
}
