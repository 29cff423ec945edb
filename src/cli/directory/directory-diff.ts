// waypost directory diff: what a rejected read would change, or the difference between two versions.

import { compareContent } from '../../directory/snapshots/compare-content.ts'
import type { ContentChange } from '../../directory/snapshots/compare-content.ts'
import { readPair } from '../../directory/snapshots/snapshot-pair.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { type DirectoryOptions, fail, withSource } from './with-mirrors.ts'

export interface DiffOptions extends DirectoryOptions {
  /** Versions. Without them: the last version and the rejected read, or the last two versions. */
  readonly from?: number
  readonly to?: number
}

/** Exit code 1 if nothing differs. */
export function directoryDiff(options: DiffOptions, io: Io): Promise<number> | number {
  return withSource(options, io, async (plan) => {
    const pair = await readPair(plan.store, options)
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

export function changeLine({ change, what, name, source, before, after }: ContentChange): string {
  const sign = { added: '+', removed: '-', changed: '~' }[change]
  const values = [before, after].filter((value) => value !== null).join(' → ')
  return `${sign} ${what} ${name}: ${values} (${source})`
}
