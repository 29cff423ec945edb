// Counts and times what the checks do where they run: the ledger takes only so many refusals. Names of checks and stages come from the program, so the
// labels are a closed set.

import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import type { CheckMeter } from '../policy/check-meter.ts'
import { createCounted, createTimed } from './counted-metric.ts'

export interface MeteredChecks extends CheckMeter {
  readonly metrics: readonly GaugeSource[]
  readonly histogram: HistogramSource
}

/** Seconds, up to the longest that a client waits. */
const buckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120]
const MS = 1000

export function createCheckMeter(): MeteredChecks {
  const refusals = createCounted({
    name: 'waypost_check_refusals_total',
    help: 'Refusals of the checks, by check, stage and verdict (`reject` is permanent, `defer` temporary). Those with the mode `test` have no effect.',
    labels: ['check', 'stage', 'verdict', 'mode'],
  })
  const times = createTimed({
    name: 'waypost_check_seconds',
    help: 'Time of the checks that wait for a millisecond or more, by check and stage.',
    labels: ['check', 'stage'],
    buckets,
  })
  return {
    refused: ({ check, stage, verdict, mode }) => refusals.count({ check, stage, verdict, mode }),
    took: (check, stage, ms) => times.add({ check, stage }, ms / MS),
    histogram: times.source,
    metrics: [refusals.metric],
  }
}
