// The contract of the counters that the runner of checks feeds.

import type { Stage } from './check.ts'

export interface CheckRefusal {
  readonly check: string
  readonly stage: Stage
  readonly verdict: 'reject' | 'defer'
  /** `test`: the refusal has no effect. */
  readonly mode: 'active' | 'test'
}

export interface CheckMeter {
  refused(refusal: CheckRefusal): void
  /** A check that waited for a millisecond or more has ended. */
  took(check: string, stage: Stage, ms: number): void
}
