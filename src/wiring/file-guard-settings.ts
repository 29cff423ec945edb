// Config → the guard of the files of routing data, users and machines.

import type { Config } from '../config/config.ts'
import { openSnapshotStore } from '../directory/snapshots/snapshot-store.ts'
import type { SnapshotStore } from '../directory/snapshots/snapshot-store.ts'
import type { FileGuardSettings } from '../directory/snapshots/file-guard.ts'
import { snapshotDirectory } from './node-paths.ts'

export interface FileGuardPlan {
  readonly settings: FileGuardSettings
  readonly store: SnapshotStore
}

export function fileGuardPlan(config: Pick<Config, 'data' | 'directory'>): FileGuardPlan {
  return {
    settings: { maxShrinkage: config.directory.files.max_shrink / 100 },
    store: openSnapshotStore(snapshotDirectory(config, 'files')),
  }
}
