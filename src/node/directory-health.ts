// Health and metrics of the LDAP and SQL sources, so that an alert fires before an outdated snapshot matters.

import type { CachedSource } from '../directory/live-source.ts'
import type { Mirror } from '../directory/snapshots/mirror.ts'
import type { Clock } from '../lib/clock.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

/** The sources that run now; a reload may replace them. */
export type CurrentSources = () => {
  readonly mirrors: readonly Pick<Mirror, 'name' | 'status'>[]
  readonly live: readonly Pick<CachedSource, 'failure'>[]
}

export function directoryHealth(current: CurrentSources): HealthCheck {
  return { name: 'directory', check: () => healthOf(current()) }
}

/** Answers from an old snapshot are degraded; a mirror without any snapshot is failing. */
function healthOf({ mirrors, live }: ReturnType<CurrentSources>): Health {
  for (const mirror of mirrors) {
    const { version, incomplete } = mirror.status()
    if (version === null) return { kind: 'failing', reason: incomplete ?? `${mirror.name}: no snapshot` }
  }
  const incomplete = mirrors.map((mirror) => mirror.status().incomplete)
  const reason = [...incomplete, ...live.map((source) => source.failure())].find((one) => one !== null)
  return reason === undefined || reason === null ? { kind: 'ok' } : { kind: 'degraded', reason }
}

export function directoryGauges(current: CurrentSources, clock: Clock): GaugeSource[] {
  const each = (value: (status: ReturnType<Mirror['status']>) => number) => () =>
    current().mirrors.map((mirror) => ({ labels: { source: mirror.name }, value: value(mirror.status()) }))
  return [
    {
      name: 'waypost_directory_snapshot_age_seconds',
      help: 'Time since a mirrored source last confirmed the snapshot in use; +Inf if it never did.',
      labels: ['source'],
      read: each(({ confirmedAt }) =>
        confirmedAt === null ? Number.POSITIVE_INFINITY : (clock.now() - confirmedAt) / 1000,
      ),
    },
    {
      name: 'waypost_directory_failed_refreshes',
      help: 'Consecutive refreshes of a mirrored source that failed or were refused; 0 after a successful one.',
      labels: ['source'],
      read: each(({ failures }) => failures),
    },
    {
      name: 'waypost_directory_entries',
      help: 'Entries of the snapshot in use, by kind.',
      labels: ['source', 'kind'],
      read: () =>
        current().mirrors.flatMap((mirror) =>
          Object.entries(mirror.status().counts ?? {}).map(([kind, value]) => ({
            labels: { source: mirror.name, kind },
            value,
          })),
        ),
    },
  ]
}
