// The sources of routing data for the status page, and the difference of their snapshots.

import type { Config } from '../config/config.ts'
import { FILES_NAME } from '../directory/snapshots/file-guard.ts'
import { openSnapshotStore } from '../directory/snapshots/snapshot-store.ts'
import type { MirrorState } from '../directory/snapshots/snapshot-store.ts'
import { planMirrors } from '../directory/source-set.ts'
import { errorText } from '../lib/log.ts'
import type { Clock } from '../lib/clock.ts'
import { startThread } from '../lib/program-files.ts'
import type { DirectoryDiff, DirectoryPorts, DirectorySourceFacts } from '../status/status-ports.ts'
import { sourceSettings } from '../wiring/directory-settings.ts'
import { snapshotDirectory } from '../wiring/node-paths.ts'
import type { DiffRequest } from './diff-worker.ts'
import type { CurrentSources } from './directory-health.ts'

/** Changes that a page shows; `waypost directory diff` prints all. */
const MOST_CHANGES = 500

export function statusDirectory(
  config: Config,
  { sources, clock }: { readonly sources: CurrentSources; readonly clock: Clock },
): DirectoryPorts {
  const keys = ['ldap', 'sql', 'files'] as const
  const versionsOf = (key: (typeof keys)[number]) => openSnapshotStore(snapshotDirectory(config, key)).versions()
  return {
    sources: async () => {
      const { mirrors, files } = sources()
      const keyOf = new Map(planMirrors(sourceSettings(config), clock).map(({ key, settings }) => [settings.name, key]))
      const own = await Promise.all(
        mirrors.map(async (mirror): Promise<DirectorySourceFacts> => {
          const status = mirror.status()
          const key = keyOf.get(mirror.name) ?? 'ldap'
          const { pinned, incomplete, counts } = status
          return {
            ...factsOf(status),
            key,
            name: mirror.name,
            pinned,
            incomplete,
            counts: counts && { ...counts },
            versions: await versionsOf(key),
          }
        }),
      )
      const status = files.status()
      const ofFiles = {
        key: FILES_NAME,
        name: 'files of this node',
        pinned: null,
        incomplete: files.doubt(),
        counts: null,
      }
      return [...own, { ...factsOf(status), ...ofFiles, versions: await versionsOf('files') }]
    },
    diff: async (key, versions) => {
      const known = keys.find((one) => one === key)
      if (!known) return { kind: 'impossible', reason: 'there is no such source' }
      return compare({ directory: snapshotDirectory(config, known), ...versions, most: MOST_CHANGES })
    },
  }
}

function factsOf({ version, confirmedAt, failures }: MirrorState) {
  return { version, confirmedAt, failures }
}

function compare(request: DiffRequest): Promise<DirectoryDiff> {
  return new Promise((resolve) => {
    const worker = startThread(new URL('./diff-worker.ts', import.meta.url), { workerData: request })
    worker.once('message', (answer: DirectoryDiff) => resolve(answer))
    worker.once('error', (error) => resolve({ kind: 'impossible', reason: errorText(error) }))
    worker.once('exit', () => resolve({ kind: 'impossible', reason: 'the comparison ended early' }))
  })
}
