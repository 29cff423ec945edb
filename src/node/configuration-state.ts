// Whether the last reload was refused, and whether the node could start with the files on disk: both are news for an operator long before
// the next restart.

import { formatProblem, type Problem } from '../config/problem.ts'
import type { Clock } from '../lib/clock.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { ReloadResult } from './reload-result.ts'

export interface ConfigurationState {
  readonly health: HealthCheck
  readonly gauges: readonly GaugeSource[]
  /** The last reload since the start, at unix milliseconds; null if there was none. */
  last(): { readonly at: number; readonly result: ReloadResult } | null
  reloaded(result: ReloadResult): void
  /** What keeps the node from starting with the files on disk; empty if nothing does. */
  onDisk(problems: readonly Problem[]): void
}

export function createConfigurationState(clock: Pick<Clock, 'now'>): ConfigurationState {
  let last: { readonly at: number; readonly result: ReloadResult } | null = null
  let invalid: readonly Problem[] = []
  const gauge = (name: string, help: string, value: () => number): GaugeSource => ({
    name,
    help,
    labels: [],
    read: () => [{ labels: {}, value: value() }],
  })
  return {
    health: { name: 'configuration', check: () => healthOf(last, invalid) },
    gauges: [
      gauge(
        'waypost_reload_successful',
        'Result of the last reload: 1 done (also before the first one), 0 refused.',
        () => (last?.result.kind === 'refused' ? 0 : 1),
      ),
      gauge(
        'waypost_configuration_valid',
        'Whether the node could start with the configuration and the data on disk: 1 yes, 0 no. Checked within two minutes of a change.',
        () => (invalid.length > 0 ? 0 : 1),
      ),
      {
        name: 'waypost_reload_timestamp_seconds',
        help: 'Unix time of the last reload; no value before the first one.',
        labels: [],
        read: () => (last === null ? [] : [{ labels: {}, value: last.at / 1000 }]),
      },
      gauge('waypost_restart_required_keys', 'Changed keys that the last reload left for the next start.', () =>
        last?.result.kind === 'reloaded' ? last.result.restartFor.length : 0,
      ),
    ],
    last: () => last,
    reloaded: (result) => {
      last = { at: clock.now(), result }
      invalid = result.kind === 'refused' ? result.problems : []
    },
    onDisk: (problems) => {
      invalid = problems
    },
  }
}

function healthOf(
  last: { readonly at: number; readonly result: ReloadResult } | null,
  invalid: readonly Problem[],
): Health {
  if (last?.result.kind === 'refused') {
    const at = new Date(last.at).toISOString()
    const now = invalid.length > 0 ? '' : '; the files are valid now: run waypost reload'
    return degraded(
      `the reload of ${at} was refused and the old configuration is active: ${first(last.result.problems)}${now}`,
    )
  }
  if (invalid.length === 0) return { kind: 'ok' }
  return degraded(`the node could not start with the files on disk: ${first(invalid)}`)
}

function degraded(reason: string): Health {
  return { kind: 'degraded', reason }
}

function first(problems: readonly Problem[]): string {
  const [one, ...rest] = problems
  return `${one ? formatProblem(one) : 'unknown'}${rest.length > 0 ? ` (and ${rest.length} more; run waypost check)` : ''}`
}
