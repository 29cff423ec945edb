// waypost directory rollback, accept, refresh: orders for the running node.

import { compareContent } from '../../directory/snapshots/compare-content.ts'
import type { ContentChange } from '../../directory/snapshots/compare-content.ts'
import { FILES_NAME } from '../../directory/snapshots/file-guard.ts'
import { systemClock } from '../../lib/clock.ts'
import { json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { changeLine } from './directory-diff.ts'
import {
  type DirectoryOptions,
  fail,
  type StoredSource,
  timeText,
  withMirror,
  withMirrors,
  withSource,
} from './with-mirrors.ts'

export interface RollbackOptions extends DirectoryOptions {
  /** Without it: the version before the one in use. */
  readonly version?: number
}

/** The node answers from an older version until `accept`. */
export function directoryRollback(options: RollbackOptions, io: Io): Promise<number> | number {
  return withMirror(options, io, async ({ key, settings, store }) => {
    const state = await store.readState()
    const versions = await store.versions()
    const wanted = options.version ?? versions.find((version) => version < (state?.version ?? versions[0] ?? 0))
    if (wanted === undefined) return fail(io, `${settings.name}: there is no older version`)
    const found = await store.read(wanted)
    if (found.kind === 'bad') return fail(io, `${settings.name}: version ${wanted}: ${found.cause}`)
    await store.writeOrders({ ...(await store.readOrders()), pinned: wanted, refresh: systemClock.now() })
    const text = `version ${wanted} of ${timeText(found.snapshot.header.takenAt)} is in use until \`waypost directory accept ${key}\``
    return done(options, io, { value: { source: key, pinned: wanted }, text: `${settings.name}: ${text}` })
  })
}

/** The node follows the source again and accepts its next complete read, whatever it lost. Prints what is known to be missing there. */
export function directoryAccept(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withSource(options, io, async (source) => {
    const { key, settings, store } = source
    const removed = await removedEntries(source)
    if (typeof removed === 'string') return fail(io, `${settings.name}: ${removed}`)
    const now = systemClock.now()
    await store.writeOrders({ pinned: null, accept: now, refresh: now })
    const what = key === FILES_NAME ? 'the files as they are now' : 'the next complete read'
    if (!options.json) for (const change of removed) line(io.stdout, changeLine(change))
    const text = `${settings.name}: the node accepts ${what}; ${removed.length} known entries are missing`
    return done(options, io, { value: { source: key, accepted: true, removed }, text })
  })
}

/** What the rejected read, or the files as they are now, have lost. A string is the reason why the files cannot be read. */
async function removedEntries({ store, current }: StoredSource): Promise<readonly ContentChange[] | string> {
  const now = current ? await current() : (await store.readRefused())?.content
  const [newest] = await store.versions()
  if (typeof now === 'string') return now
  const before = newest === undefined ? null : await store.read(newest)
  if (now === undefined || before?.kind !== 'read') return []
  return compareContent(before.snapshot.content, now).filter(({ change }) => change === 'removed')
}

/** The node reads its sources now. */
export function directoryRefresh(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withMirrors(options, io, async (plans) => {
    const now = systemClock.now()
    for (const { store } of plans) await store.writeOrders({ ...(await store.readOrders()), refresh: now })
    const sources = plans.map((plan) => plan.key)
    return done(options, io, { value: { sources, refresh: true }, text: `requested a read of ${sources.join(', ')}` })
  })
}

function done(
  { json: asJson }: DirectoryOptions,
  io: Io,
  { value, text }: { readonly value: object; readonly text: string },
): number {
  if (asJson) json(io.stdout, value)
  else line(io.stdout, text)
  return OK
}
