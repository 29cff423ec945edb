// The guard of the files as commands use it: beside a running node or without one, it only reads.

import type { Config } from '../config/config.ts'
import { openFileGuard } from '../directory/snapshots/file-guard.ts'
import type { FileGuard } from '../directory/snapshots/file-guard.ts'
import { systemClock } from '../lib/clock.ts'
import { fileGuardPlan } from '../wiring/file-guard-settings.ts'

const silent = { info: () => undefined, error: () => undefined }

export function openOfflineGuard(config: Pick<Config, 'data' | 'directory'>): Promise<FileGuard> {
  const { settings, store } = fileGuardPlan(config)
  return openFileGuard(settings, { store, clock: systemClock, log: silent })
}
