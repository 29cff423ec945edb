// waypost directory diff: what a rejected read would change, or the difference between two versions.

import { compareContent } from '../../directory/snapshots/compare-content.ts'
import type { ContentChange } from '../../directory/snapshots/compare-content.ts'
import type { StoredSnapshot } from '../../directory/snapshots/snapshot-file.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { type DirectoryOptions, fail, type StoredSource, withSource } from './with-mirrors.ts'

export interface DiffOptions extends DirectoryOptions {
  /** Versions. Without them: the last version and the rejected read, or the last two versions. */
  readonly from?: number
  readonly to?: number
}

/** Exit code 1 if nothing differs. */
export function directoryDiff(options: DiffOptions, io: Io): Promise<number> | number {
  return withSource(options, io, async (plan) => {
    const pair = await readPair(plan, options)
    if (typeof pair === 'string') return fail(io, `${plan.settings.name}: ${pair}`)
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

interface Pair {
  readonly before: StoredSnapshot
  readonly after: StoredSnapshot
  readonly names: { readonly from: string; readonly to: string }
}

/** The two snapshots, or why they cannot be compared. */
async function readPair({ store }: StoredSource, { from, to }: DiffOptions): Promise<Pair | string> {
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

export function changeLine({ change, what, name, source, before, after }: ContentChange): string {
  const sign = { added: '+', removed: '-', changed: '~' }[change]
  const values = [before, after].filter((value) => value !== null).join(' → ')
  return `${sign} ${what} ${name}: ${values} (${source})`
}
