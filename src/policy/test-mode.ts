// Test mode of a check: it runs, what it would refuse is recorded, and it changes nothing.

import type { Refusal } from '../smtp/reply.ts'
import type { TestScope } from './check-table.ts'
import type { Finding } from './check.ts'
import { accept } from './verdict.ts'

/** The checks in test mode, by name, with what that turns off. */
export type TestedChecks = ReadonlyMap<string, TestScope>

export const noTestedChecks: TestedChecks = new Map()

/** A refusal that test mode turned into an acceptance. */
export interface TestRefusal {
  readonly check: string
  readonly reply: Refusal
}

/** The part of a finding that acts in test mode. The whole finding if it is a refusal that test mode does not turn off. */
export function inTestMode(scope: TestScope, finding: Finding): Finding {
  const { verdict, events } = finding
  if (scope === 'whole') return events === undefined ? { verdict: accept } : { verdict: accept, events }
  return verdict.kind !== 'accept' && verdict.testable ? { ...finding, verdict: accept } : finding
}
