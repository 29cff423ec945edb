// Counts what the checks do where they run: the ledger takes only so many refusals. Names of checks and stages come from the program, so the
// labels are a closed set.

import type { GaugeSource } from '../observe/metrics.ts'
import type { CheckMeter } from '../policy/check-meter.ts'

export interface MeteredChecks extends CheckMeter {
  readonly metrics: readonly GaugeSource[]
}

export function createCheckMeter(): MeteredChecks {
  const refusals = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>()
  return {
    refused: ({ check, stage, verdict, mode }) => {
      const key = `${check} ${stage} ${verdict} ${mode}`
      const known = refusals.get(key)
      if (known) known.value++
      else refusals.set(key, { labels: { check, stage, verdict, mode }, value: 1 })
    },
    metrics: [
      {
        name: 'waypost_check_refusals_total',
        help: 'Refusals of the checks, by check, stage and verdict (`reject` is permanent, `defer` temporary). Those with the mode `test` have no effect.',
        labels: ['check', 'stage', 'verdict', 'mode'],
        isCounter: true,
        read: () => [...refusals.values()],
      },
    ],
  }
}
