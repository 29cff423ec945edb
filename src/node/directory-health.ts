// Health and metrics of the LDAP and SQL sources and of the files, so that an alert fires before an outdated snapshot matters.

import type { CachedSource } from '../directory/live-source.ts'
import { FILES_NAME } from '../directory/snapshots/file-guard.ts'
import type { FileGuard } from '../directory/snapshots/file-guard.ts'
import type { Mirror } from '../directory/snapshots/mirror.ts'
import type { Clock } from '../lib/clock.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

/** The sources that run now; a reload may replace them. */
export type CurrentSources = () => {
  readonly mirrors: readonly Pick<Mirror, 'name' | 'status'>[]
  readonly live: readonly Pick<CachedSource, 'failure' | 'failingSince'>[]
  readonly files: Pick<FileGuard, 'doubt' | 'status'>
}

export function directoryHealth(current: CurrentSources): HealthCheck {
  return { name: 'directory', check: () => healthOf(current()) }
}

/** Answers from an old snapshot are degraded; a mirror without any snapshot is failing. */
function healthOf({ mirrors, live, files }: ReturnType<CurrentSources>): Health {
  for (const mirror of mirrors) {
    const { version, incomplete, failingSince } = mirror.status()
    if (version === null)
      return { kind: 'failing', reason: `${incomplete ?? mirror.name}: there is no snapshot${since(failingSince)}` }
  }
  const reasons = [
    ...mirrors
      .map((mirror) => mirror.status())
      .map(({ incomplete, failingSince }) => withTime(incomplete, failingSince)),
    ...live.map((source) => withTime(source.failure(), source.failingSince())),
    withTime(files.doubt(), files.status().failingSince),
  ].filter((one) => one !== null)
  return reasons.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: reasons.join('; ') }
}

function withTime(cause: string | null, failingSince: number | null): string | null {
  return cause === null ? null : `${cause}${since(failingSince)}`
}

function since(at: number | null): string {
  return at === null ? '' : `, failing since ${new Date(at).toISOString()}`
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
      help: 'Consecutive refreshes of a mirrored source, or loads of the files, that failed or were refused; 0 after a successful one.',
      labels: ['source'],
      read: () => [
        ...each(({ failures }) => failures)(),
        { labels: { source: FILES_NAME }, value: current().files.status().failures },
      ],
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
