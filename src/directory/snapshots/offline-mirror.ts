// A mirror as its files on disk show it, for commands beside a running node or without one. It writes nothing.

import type { Clock } from '../../lib/clock.ts'
import { indexContent } from './index-content.ts'
import type { ContentIndex, SourcePassword } from './index-content.ts'
import type { MirrorSettings } from './mirror.ts'
import type { MirrorSource } from './mirror-source.ts'
import { incompleteCause, viewSource } from './mirror-view.ts'
import type { SnapshotSource } from './mirror-view.ts'
import { NO_STATE } from './snapshot-store.ts'
import type { SnapshotStore } from './snapshot-store.ts'

export interface OfflineMirror extends SnapshotSource {
  passwords(): ReadonlyMap<string, SourcePassword>
  /** Why there is no data at all; null if there is some. */
  readonly failure: string | null
}

export interface OfflineMirrorPorts {
  readonly store: SnapshotStore
  readonly clock: Clock
  /** Read once if there is no snapshot on disk. */
  readonly source: MirrorSource
}

const NO_PASSWORDS: ReadonlyMap<string, SourcePassword> = new Map()

/** Loads the snapshot that a node in this data directory answers from; reads the source where no node has run yet. */
export async function openOfflineMirror(settings: MirrorSettings, ports: OfflineMirrorPorts): Promise<OfflineMirror> {
  const { store, clock } = ports
  const { pinned } = await store.readOrders()
  const stored = await readNewest(store, pinned)
  if (!stored) return await readSource(settings, ports)
  const index = indexContent(stored.content, settings)
  const state = (await store.readState()) ?? NO_STATE
  const { name, refreshMs } = settings
  return offlineMirror(settings, index, () => incompleteCause({ name, state, pinned, refreshMs, now: clock.now() }))
}

async function readNewest(store: SnapshotStore, pinned: number | null) {
  for (const version of [...(pinned === null ? [] : [pinned]), ...(await store.versions())]) {
    const found = await store.read(version)
    if (found.kind === 'read') return found.snapshot
  }
  return null
}

async function readSource(settings: MirrorSettings, { source }: OfflineMirrorPorts): Promise<OfflineMirror> {
  const fetched = await source.fetch(new AbortController().signal)
  if (fetched.kind === 'whole') return offlineMirror(settings, indexContent(fetched.content, settings), () => null)
  const failure = `${settings.name}: ${fetched.cause}`
  return { ...offlineMirror(settings, null, () => failure), failure }
}

function offlineMirror(
  settings: MirrorSettings,
  index: ContentIndex | null,
  incomplete: () => string | null,
): OfflineMirror {
  return {
    ...viewSource(settings.name, settings.domains, () => ({ index, incomplete: incomplete() })),
    passwords: () => index?.passwords ?? NO_PASSWORDS,
    failure: null,
  }
}
