// Which two snapshots of a source a comparison is about: the last version and the rejected read, the last two versions, or those asked for.

import type { StoredSnapshot } from './snapshot-file.ts'
import type { SnapshotStore } from './snapshot-store.ts'

export interface SnapshotPair {
  readonly before: StoredSnapshot
  readonly after: StoredSnapshot
  readonly names: { readonly from: string; readonly to: string }
}

/** The two snapshots, or why they cannot be compared. @param wanted versions */
export async function readPair(
  store: SnapshotStore,
  { from, to }: { readonly from?: number; readonly to?: number },
): Promise<SnapshotPair | string> {
  const versions = await store.versions()
  const rejected = from === undefined && to === undefined ? await store.readRefused() : null
  const last = to ?? versions[0]
  const first = from ?? (rejected ? last : versions.find((version) => version < (last ?? 0)))
  if (first === undefined || last === undefined) return 'there are no two versions to compare'
  const before = await store.read(first)
  if (before.kind === 'bad') return `version ${first}: ${before.cause}`
  if (rejected) return { before: before.snapshot, after: rejected, names: { from: `version ${first}`, to: 'rejected' } }
  const after = await store.read(last)
  if (after.kind === 'bad') return `version ${last}: ${after.cause}`
  const names = { from: `version ${first}`, to: `version ${last}` }
  return { before: before.snapshot, after: after.snapshot, names }
}
