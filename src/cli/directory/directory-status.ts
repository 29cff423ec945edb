// waypost directory status: the versions of each mirrored source, and whether its data may be incomplete.

import { FILES_NAME } from '../../directory/snapshots/file-guard.ts'
import { incompleteCause } from '../../directory/snapshots/mirror-view.ts'
import type { SnapshotHeader } from '../../directory/snapshots/snapshot-file.ts'
import type { MirrorState } from '../../directory/snapshots/snapshot-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { countText, type DirectoryOptions, type StoredSource, timeText, withSources } from './with-mirrors.ts'

interface SourceStatus {
  readonly source: string
  readonly inUse: number | null
  readonly pinned: number | null
  /** Why unknown names get 451 instead of 550; null if the data are complete. */
  readonly incomplete: string | null
  readonly state: MirrorState | null
  readonly versions: readonly SnapshotHeader[]
  readonly damaged: readonly { readonly version: number; readonly cause: string }[]
  /** The last read that was rejected because it lost too many entries. */
  readonly rejected: SnapshotHeader | null
}

/** Exit code 1 if a source may be incomplete. */
export function directoryStatus(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withSources(options, io, async (sources) => {
    const all = await Promise.all(sources.map(statusOf))
    // Before a node has loaded them, there is nothing to report about the files.
    const statuses = all.filter(
      ({ source, state }) => source !== FILES_NAME || state !== null || options.source === source,
    )
    if (options.json) json(io.stdout, statuses)
    else if (statuses.length === 0) line(io.stdout, 'no node has loaded the files yet')
    else for (const text of statuses.flatMap(statusLines)) line(io.stdout, text)
    return statuses.some(({ incomplete }) => incomplete !== null) ? FAILED : OK
  })
}

async function statusOf({ settings, store, key }: StoredSource): Promise<SourceStatus> {
  const [state, orders, numbers] = [await store.readState(), await store.readOrders(), await store.versions()]
  const read = await Promise.all(numbers.map(async (version) => ({ version, found: await store.read(version) })))
  const { name, refreshMs } = settings
  const now = systemClock.now()
  return {
    source: name,
    inUse: state?.version ?? null,
    pinned: orders.pinned,
    incomplete: state
      ? incompleteCause({ name, state, pinned: orders.pinned, refreshMs, now })
      : key === FILES_NAME
        ? null
        : `${name}: no node has read it yet`,
    state,
    versions: read.flatMap(({ found }) => (found.kind === 'read' ? found.snapshot.header : [])),
    damaged: read.flatMap(({ version, found }) => (found.kind === 'bad' ? { version, cause: found.cause } : [])),
    rejected: (await store.readRefused())?.header ?? null,
  }
}

function statusLines(status: SourceStatus): string[] {
  const { source, incomplete, state, versions, damaged, rejected, inUse } = status
  const version = inUse === null ? 'no version in use' : `version ${inUse} in use`
  const confirmed = state?.confirmedAt ? `confirmed ${timeText(state.confirmedAt)}` : 'never confirmed'
  return [
    `${source}: ${version}, ${confirmed}${incomplete === null ? '' : `; may be incomplete: ${incomplete}`}`,
    ...(state && state.failures > 0 ? [failureLine(state)] : []),
    ...(rejected
      ? [`  rejected ${timeText(rejected.takenAt)}: ${countText(rejected)} (see \`waypost directory diff\`)`]
      : []),
    ...versions.map((one) => `  version ${one.version} of ${timeText(one.takenAt)}: ${countText(one)}`),
    ...damaged.map((one) => `  version ${one.version} cannot be used: ${one.cause}`),
  ]
}

/** A state of an earlier release has no time. */
function failureLine({ failures, failingSince }: MirrorState): string {
  const reads = failures === 1 ? 'read' : `${failures} reads`
  return `  the last ${reads} failed${failingSince ? `, since ${timeText(failingSince)}` : ''}`
}
