// Looks up keys in a Hiera 5 hierarchy: merged over its levels by the site's lookup_options, and interpolated. Nothing is executed.

import type { Place, ProblemList } from '../data-problem.ts'
import type { Files } from '../files/files.ts'
import { entryOf } from '../located.ts'
import type { Located, LocatedMap } from '../located.ts'
import { openLevels } from './hiera-levels.ts'
import { mergeLevels } from './hiera-merge.ts'
import type { MergeOptions } from './hiera-merge.ts'
import { interpolateValue } from './hiera-scope.ts'
import type { HieraScope } from './hiera-scope.ts'
import { LookupOptions } from './lookup-options.ts'

export interface Hiera {
  /** The files that were read, hiera.yaml first, for a watcher. */
  readonly files: readonly string[]
  /** Folders that change when a file of a glob is added or removed. */
  readonly folders: readonly string[]
  /** All keys of all levels, with the place in the highest level. */
  keys(): ReadonlyMap<string, Place>
  /** One key over all levels, merged and interpolated; null if no level has it. `fallback` applies without lookup_options. */
  lookup(key: string, fallback?: MergeOptions): Located | null
}

/** Look-ups inside look-ups: a deeper one is a loop. */
const NESTING_LIMIT = 20
const FIRST: MergeOptions = { strategy: 'first' }

/** Opens a hiera.yaml and all data files that exist for this node. Errors go to `problems`. */
export function openHiera(
  file: string,
  scope: HieraScope,
  given: { readonly files: Files; readonly problems: ProblemList },
): Hiera {
  const { problems } = given
  const { levels, files, folders } = openLevels(file, scope, given)
  const options = new LookupOptions(levels, problems)
  const nested = (depth: number) => (key: string) =>
    lookup(key, FIRST, depth) ?? dig(key, (root) => lookup(root, FIRST, depth))
  const lookup = (key: string, fallback: MergeOptions = FIRST, depth = 0): Located | null => {
    if (depth > NESTING_LIMIT) return null
    const values = levels.flatMap((level) => entryOf(level, key)?.value ?? [])
    const named = options.of(key)
    if (!named && fallback === FIRST) warnHidden(key, values, problems)
    const interpolation = { scope, problems, lookup: nested(depth + 1) }
    const filled = values.map((value) => interpolateValue(value, interpolation))
    return mergeLevels(filled, named ?? fallback, problems)
  }
  return { files, folders, keys: () => allKeys(levels), lookup: (key, fallback) => lookup(key, fallback) }
}

/** `lookup('a.b.0')` looks up `a` and descends into it, as Hiera does for keys with dots. */
function dig(key: string, lookup: (root: string) => Located | null): Located | null {
  const [root = '', ...path] = key.split('.')
  let value = path.length === 0 ? null : lookup(root)
  for (const part of path) {
    if (value?.kind === 'map') value = entryOf(value, part)?.value ?? null
    else value = value?.kind === 'list' && /^\d+$/.test(part) ? (value.items[Number(part)] ?? null) : null
  }
  return value
}

/** Strategy `first` ignores lower levels, which is seldom intended for mappings and lists. */
function warnHidden(key: string, values: readonly Located[], problems: ProblemList): void {
  const [first, second] = values
  if (!first || !second || first.kind === 'scalar') return
  problems.warn(
    second.place,
    `"${key}" is hidden by ${first.place.file}:${first.place.line}: to merge both, set lookup_options "${key}: { merge: deep }"`,
  )
}

function allKeys(levels: readonly LocatedMap[]): ReadonlyMap<string, Place> {
  const keys = new Map<string, Place>()
  for (const level of levels) {
    for (const entry of level.entries) if (!keys.has(entry.key)) keys.set(entry.key, entry.place)
  }
  return keys
}
