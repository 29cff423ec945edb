// waypost directory rollback, accept, refresh: orders for the running node.

import { systemClock } from '../../lib/clock.ts'
import { json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { type DirectoryOptions, fail, timeText, withMirror, withMirrors } from './with-mirrors.ts'

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

/** The node follows the source again and accepts its next complete read, whatever it lost. */
export function directoryAccept(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withMirror(options, io, async ({ key, settings, store }) => {
    const now = systemClock.now()
    await store.writeOrders({ pinned: null, accept: now, refresh: now })
    const text = `${settings.name}: the node accepts the next complete read`
    return done(options, io, { value: { source: key, accepted: true }, text })
  })
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
