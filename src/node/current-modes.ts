// The checks in test mode of a running node: a reload replaces them, and log, health and metrics show them, so that none is forgotten.

import type { Config } from '../config/config.ts'
import type { Current } from '../lib/current.ts'
import type { Log } from '../lib/log.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { TestedChecks } from '../policy/test-mode.ts'
import { describeTestedChecks, testedChecksOf } from '../wiring/tested-checks.ts'

type Modes = Pick<Config, 'tested_checks'>

export interface CurrentModes {
  /** What is in test mode on a listener. */
  of(listener: string): Current<TestedChecks>
  replace(config: Modes): void
  readonly health: HealthCheck
  readonly metric: GaugeSource
}

export function createCurrentModes(config: Modes, log: Pick<Log, 'info' | 'warn'>): CurrentModes {
  let current = config
  const listeners = new Map<string, { value: TestedChecks }>()
  const report = () => {
    const checks = describeTestedChecks(current)
    if (checks !== null) log.warn({ checks }, `checks in test mode, which refuse nothing: ${checks}`)
  }
  report()
  return {
    of: (listener) => {
      const known = listeners.get(listener) ?? { value: testedChecksOf(current, listener) }
      listeners.set(listener, known)
      return known
    },
    replace: (wanted) => {
      const before = describeTestedChecks(current)
      current = wanted
      for (const [listener, holder] of listeners) holder.value = testedChecksOf(current, listener)
      if (before !== null && describeTestedChecks(current) === null) log.info({}, 'all checks act')
      report()
    },
    health: {
      name: 'tests',
      check: () => {
        const checks = describeTestedChecks(current)
        return checks === null ? { kind: 'ok' } : { kind: 'ok', note: `in test mode: ${checks}` }
      },
    },
    metric: {
      name: 'waypost_checks_in_test_mode',
      help: 'Checks in test mode, by listener: 1 for each. None if all checks act.',
      labels: ['check', 'listener'],
      read: () =>
        Object.entries(current.tested_checks).flatMap(([listener, names]) =>
          names.map((check) => ({ labels: { check, listener }, value: 1 })),
        ),
    },
  }
}
