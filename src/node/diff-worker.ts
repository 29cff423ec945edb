// The worker thread that compares two snapshots for the status page: those of a large directory take longer than mail should wait.

import { parentPort, workerData } from 'node:worker_threads'
import { compareContent } from '../directory/snapshots/compare-content.ts'
import { readPair } from '../directory/snapshots/snapshot-pair.ts'
import { openSnapshotStore } from '../directory/snapshots/snapshot-store.ts'
import type { DirectoryDiff } from '../status/status-ports.ts'

export interface DiffRequest {
  /** Of the snapshots. */
  readonly directory: string
  readonly from?: number
  readonly to?: number
  /** Changes of the answer. */
  readonly most: number
}

async function answer({ directory, most, ...versions }: DiffRequest): Promise<DirectoryDiff> {
  const pair = await readPair(openSnapshotStore(directory), versions)
  if (typeof pair === 'string') return { kind: 'impossible', reason: pair }
  const changes = compareContent(pair.before.content, pair.after.content)
  return { kind: 'compared', ...pair.names, changes: changes.slice(0, most), total: changes.length }
}

// The thread ends with an error, which its starter reports, if the answer cannot be made.
void answer(workerData as DiffRequest).then((found) => parentPort?.postMessage(found))
