// waypost directory: what is known from LDAP and SQL, what changed, and the way back. Reads what the node left on disk; orders are a file that
// the running node sees within a second.

import { planMirrors } from '../../directory/source-set.ts'
import type { MirrorPlan } from '../../directory/source-set.ts'
import { sourceSettings } from '../../wiring/directory-settings.ts'
import { compareContent } from '../../directory/snapshots/compare-content.ts'
import type { ContentChange } from '../../directory/snapshots/compare-content.ts'
import { incompleteCause } from '../../directory/snapshots/mirror-view.ts'
import type { SnapshotHeader, StoredSnapshot } from '../../directory/snapshots/snapshot-file.ts'
import type { MirrorState } from '../../directory/snapshots/snapshot-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface DirectoryOptions {
  readonly config: string
  readonly json?: boolean
  /** `ldap` or `sql`; may be left out where there is only one. */
  readonly source?: string
}

interface SourceStatus {
  readonly source: string
  readonly inUse: number | null
  readonly pinned: number | null
  /** Why names that are not in the snapshot get 451 and not 550; null if all is well. */
  readonly doubt: string | null
  readonly state: MirrorState | null
  readonly versions: readonly SnapshotHeader[]
  /** Versions that are damaged. */
  readonly damaged: readonly { readonly version: number; readonly cause: string }[]
  readonly refused: SnapshotHeader | null
}

/** `waypost directory status`: exit code 1 if any source is in doubt. */
export function directoryStatus(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withPlans(options, io, async (plans) => {
    const found = await Promise.all(plans.map(statusOf))
    if (options.json) json(io.stdout, found)
    else for (const text of found.flatMap(statusLines)) line(io.stdout, text)
    return found.some((one) => one.doubt !== null) ? FAILED : OK
  })
}

export interface DiffOptions extends DirectoryOptions {
  /** Versions; what was refused last, or the version before, where not given. */
  readonly from?: number
  readonly to?: number
}

/** `waypost directory diff`: what the source's refused answer would change, or what the last version changed. Exit code 1 if nothing differs. */
export function directoryDiff(options: DiffOptions, io: Io): Promise<number> | number {
  return withPlan(options, io, async (plan) => {
    const pair = await pairOf(plan, options)
    if (typeof pair === 'string') return fail(io, pair)
    const { before, after, names } = pair
    const changes = compareContent(before.content, after.content)
    if (options.json) json(io.stdout, { source: plan.key, ...names, changes })
    else {
      line(io.stdout, `${plan.settings.name}: ${names.from} → ${names.to}: ${changes.length} changes`)
      for (const change of changes) line(io.stdout, changeLine(change))
    }
    return changes.length > 0 ? OK : FAILED
  })
}

export interface RollbackOptions extends DirectoryOptions {
  /** The version before the one in use where not given. */
  readonly version?: number
}

/** `waypost directory rollback`: the node answers from an older version until `accept`. */
export function directoryRollback(options: RollbackOptions, io: Io): Promise<number> | number {
  return withPlan(options, io, async ({ key, settings, store }) => {
    const state = await store.readState()
    const versions = await store.versions()
    const wanted = options.version ?? versions.find((version) => version < (state?.version ?? versions[0] ?? 0))
    if (wanted === undefined) return fail(io, `${settings.name}: there is no older version`)
    const found = await store.read(wanted)
    if (found.kind === 'bad') return fail(io, `${settings.name}: version ${wanted}: ${found.cause}`)
    await store.writeOrders({ ...(await store.readOrders()), pinned: wanted, refresh: Date.now() })
    const text = `${settings.name}: version ${wanted} of ${time(found.snapshot.header.takenAt)} answers until \`waypost directory accept ${key}\``
    return done(options, io, { source: key, pinned: wanted }, text)
  })
}

/** `waypost directory accept`: follow the source again, and take its next whole answer even if it shrank. */
export function directoryAccept(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withPlan(options, io, async ({ key, settings, store }) => {
    const now = Date.now()
    await store.writeOrders({ pinned: null, accept: now, refresh: now })
    return done(options, io, { source: key, accepted: true }, `${settings.name}: the next whole answer will be taken`)
  })
}

/** `waypost directory refresh`: ask the source now. */
export function directoryRefresh(options: DirectoryOptions, io: Io): Promise<number> | number {
  return withPlans(options, io, async (plans) => {
    const now = Date.now()
    for (const { store } of plans) await store.writeOrders({ ...(await store.readOrders()), refresh: now })
    const sources = plans.map((plan) => plan.key)
    return done(options, io, { sources, refresh: true }, `asked the node to read ${sources.join(', ')} now`)
  })
}

function withPlans(
  options: DirectoryOptions,
  io: Io,
  use: (plans: readonly MirrorPlan[]) => Promise<number>,
): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const all = planMirrors(sourceSettings(config), systemClock)
    const plans = all.filter((plan) => options.source === undefined || plan.key === options.source)
    if (plans.length > 0) return await use(plans)
    const known = all.map((plan) => plan.key).join(', ')
    const asked = options.source === undefined ? '' : `${options.source}, `
    line(
      io.stderr,
      known === ''
        ? `found ${asked}no mirrored source in ${options.config}, expected directory.sql, or directory.ldap with mode: mirror`
        : `found ${options.source}, expected one of: ${known}`,
    )
    return USAGE
  })
}

/** For what can be done with one source only. */
function withPlan(
  options: DirectoryOptions,
  io: Io,
  use: (plan: MirrorPlan) => Promise<number>,
): Promise<number> | number {
  return withPlans(options, io, async (plans) => {
    const [plan] = plans
    if (plan && plans.length === 1) return await use(plan)
    line(io.stderr, `found no source, expected one of: ${plans.map((one) => one.key).join(', ')}`)
    return USAGE
  })
}

async function statusOf({ settings, store }: MirrorPlan): Promise<SourceStatus> {
  const [state, orders, numbers] = [await store.readState(), await store.readOrders(), await store.versions()]
  const read = await Promise.all(numbers.map(async (version) => ({ version, found: await store.read(version) })))
  const { name, refreshMs } = settings
  const now = Date.now()
  return {
    source: name,
    inUse: state?.version ?? null,
    pinned: orders.pinned,
    doubt: state
      ? incompleteCause({ name, state, pinned: orders.pinned, refreshMs, now })
      : `${name}: no node has run yet`,
    state,
    versions: read.flatMap(({ found }) => (found.kind === 'read' ? found.snapshot.header : [])),
    damaged: read.flatMap(({ version, found }) => (found.kind === 'bad' ? { version, cause: found.cause } : [])),
    refused: (await store.readRefused())?.header ?? null,
  }
}

function statusLines(status: SourceStatus): string[] {
  const { source, doubt, state, versions, damaged, refused, inUse } = status
  const heard = state?.confirmedAt ? `confirmed ${time(state.confirmedAt)}` : 'never confirmed'
  return [
    `${source}: ${inUse === null ? 'no version in use' : `version ${inUse} in use`}, ${heard}${doubt === null ? '' : `; in doubt: ${doubt}`}`,
    ...(state && state.failures > 0 ? [`  ${state.failures} readings in a row brought nothing`] : []),
    ...(refused ? [`  refused ${time(refused.takenAt)}: ${counts(refused)} (see \`waypost directory diff\`)`] : []),
    ...versions.map((one) => `  version ${one.version} of ${time(one.takenAt)}: ${counts(one)}`),
    ...damaged.map(({ version, cause }) => `  version ${version} cannot be used: ${cause}`),
  ]
}

function counts({ counts: { users, passwords, aliases, forwards } }: SnapshotHeader): string {
  return `${users} users, ${passwords} passwords, ${aliases} aliases, ${forwards} forwards`
}

interface Pair {
  readonly before: StoredSnapshot
  readonly after: StoredSnapshot
  readonly names: { readonly from: string; readonly to: string }
}

async function pairOf({ settings, store }: MirrorPlan, { from, to }: DiffOptions): Promise<Pair | string> {
  const versions = await store.versions()
  const refused = from === undefined && to === undefined ? await store.readRefused() : null
  const last = to ?? versions[0]
  const first = from ?? (refused ? last : versions.find((version) => version < (last ?? 0)))
  if (first === undefined || last === undefined) return `${settings.name}: there are no two versions to compare`
  const before = await store.read(first)
  if (before.kind === 'bad') return `${settings.name}: version ${first}: ${before.cause}`
  if (refused) return { before: before.snapshot, after: refused, names: { from: `version ${first}`, to: 'refused' } }
  const after = await store.read(last)
  if (after.kind === 'bad') return `${settings.name}: version ${last}: ${after.cause}`
  return {
    before: before.snapshot,
    after: after.snapshot,
    names: { from: `version ${first}`, to: `version ${last}` },
  }
}

function changeLine({ change, what, name, source, before, after }: ContentChange): string {
  const sign = { added: '+', removed: '-', changed: '~' }[change]
  const values = [before, after].filter((value) => value !== null).join(' → ')
  return `${sign} ${what} ${name}: ${values} (${source})`
}

function done(options: DirectoryOptions, io: Io, value: object, text: string): number {
  if (options.json) json(io.stdout, value)
  else line(io.stdout, text)
  return OK
}

function fail(io: Io, text: string): number {
  line(io.stderr, text)
  return FAILED
}

function time(at: number): string {
  return new Date(at).toISOString()
}
