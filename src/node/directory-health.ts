// How well LDAP and SQL are mirrored, for the health page and for metrics: an alert has to fire long before a new address is missed.

import type { CachedSource } from '../directory/live-source.ts'
import type { Mirror } from '../directory/snapshots/mirror.ts'
import type { Clock } from '../lib/clock.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

/** What runs at the moment: a reload may bring other sources. */
export interface Observed {
  readonly mirrors: readonly Mirror[]
  readonly live: readonly CachedSource[]
}

export function directoryHealth(current: () => Observed): HealthCheck {
  return { name: 'directory', check: () => worst(current()) }
}

/** Old answers are degraded; none at all is failing. */
function worst({ mirrors, live }: Observed): Health {
  for (const mirror of mirrors) {
    const { version, incomplete } = mirror.status()
    if (version === null) return { kind: 'failing', reason: incomplete ?? `${mirror.name}: no snapshot` }
  }
  const doubts = mirrors.map((mirror) => mirror.status().incomplete)
  const reason = [...doubts, ...live.map((source) => source.failure())].find((one) => one !== null)
  return reason === undefined || reason === null ? { kind: 'ok' } : { kind: 'degraded', reason }
}

export function directoryGauges(current: () => Observed, clock: Clock): GaugeSource[] {
  const each = (value: (mirror: Mirror) => number) => () =>
    current().mirrors.map((mirror) => ({ labels: { source: mirror.name }, value: value(mirror) }))
  return [
    {
      name: 'waypost_directory_age_seconds',
      help: 'Time since a mirrored source last confirmed the snapshot in use; +Inf if it never did.',
      labels: ['source'],
      read: each((mirror) => {
        const { confirmedAt } = mirror.status()
        return confirmedAt === null ? Number.POSITIVE_INFINITY : (clock.now() - confirmedAt) / 1000
      }),
    },
    {
      name: 'waypost_directory_refused',
      help: 'Readings of a mirrored source in a row that were refused or failed; 0 while all is well.',
      labels: ['source'],
      read: each((mirror) => mirror.status().failures),
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
