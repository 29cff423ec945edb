// Merges the values of one key from several levels by Hiera's strategies first, unique, hash and deep. Values keep their places; in merged
// mappings the keys of the higher level come first.

import type { Located, LocatedEntry, LocatedList, LocatedMap } from '../located.ts'
import { describeLocated, entryOf, plainOf, textOf } from '../located.ts'
import type { ProblemList } from '../data-problem.ts'

export type Strategy = 'first' | 'unique' | 'hash' | 'deep'

export interface MergeOptions {
  readonly strategy: Strategy
  /** For `deep` only: a value or key with this prefix removes the lower level's. */
  readonly knockoutPrefix?: string
  readonly sortMergedArrays?: boolean
}

/** Merges values, highest level first. Null if there are none. */
export function mergeLevels(values: readonly Located[], options: MergeOptions, problems: ProblemList): Located | null {
  const [first] = values
  if (!first) return null
  switch (options.strategy) {
    case 'first':
      return first
    case 'unique':
      return uniqueList(first, values, problems)
    case 'hash':
      return values.reduce((higher, lower) => mergeHash(higher, lower, problems))
    case 'deep': {
      const merged = values.reduce((higher, lower) => mergeDeep(higher, lower, options))
      return options.knockoutPrefix === undefined ? merged : dropKnockouts(merged, options.knockoutPrefix)
    }
  }
}

/** Reads the value of `merge:` in lookup_options. */
export function readMergeOptions(value: Located, problems: ProblemList): MergeOptions {
  const name = value.kind === 'map' ? fieldText(value, 'strategy') : textOf(value)
  if (name !== 'first' && name !== 'unique' && name !== 'hash' && name !== 'deep') {
    problems.error(
      value.place,
      `unknown merge strategy ${describeLocated(value)}: expected first, unique, hash or deep`,
    )
    return { strategy: 'first' }
  }
  if (value.kind !== 'map') return { strategy: name }
  const prefix = fieldText(value, 'knockout_prefix')
  return {
    strategy: name,
    ...(prefix ? { knockoutPrefix: prefix } : {}),
    ...(fieldText(value, 'sort_merged_arrays') === 'true' ? { sortMergedArrays: true } : {}),
  }
}

function fieldText(map: LocatedMap, key: string): string | null {
  const entry = entryOf(map, key)
  return entry ? textOf(entry.value) : null
}

function uniqueList(first: Located, values: readonly Located[], problems: ProblemList): LocatedList {
  const items = new Map<string, Located>()
  for (const item of values.flatMap(flatten)) {
    if (item.kind === 'map') problems.error(item.place, 'merge strategy "unique" cannot merge a mapping')
    const key = JSON.stringify(plainOf(item))
    if (!items.has(key)) items.set(key, item)
  }
  return { kind: 'list', place: first.place, items: [...items.values()] }
}

function flatten(value: Located): readonly Located[] {
  return value.kind === 'list' ? value.items.flatMap(flatten) : [value]
}

function mergeHash(higher: Located, lower: Located, problems: ProblemList): Located {
  if (higher.kind !== 'map' || lower.kind !== 'map') {
    const odd = higher.kind === 'map' ? lower : higher
    problems.error(odd.place, `merge strategy "hash" needs mappings, found ${describeLocated(odd)}`)
    return higher
  }
  const keys = new Set(higher.entries.map((entry) => entry.key))
  return { ...higher, entries: [...higher.entries, ...lower.entries.filter((entry) => !keys.has(entry.key))] }
}

function mergeDeep(higher: Located, lower: Located, options: MergeOptions): Located {
  if (higher.kind === 'map' && lower.kind === 'map') return mergeDeepMaps(higher, lower, options)
  if (higher.kind === 'list' && lower.kind === 'list') return mergeDeepLists(higher, lower, options)
  return higher
}

function mergeDeepMaps(higher: LocatedMap, lower: LocatedMap, options: MergeOptions): LocatedMap {
  const prefix = options.knockoutPrefix
  const below = new Map(lower.entries.map((entry) => [entry.key, entry]))
  const entries: LocatedEntry[] = []
  for (const entry of higher.entries) {
    if (prefix !== undefined && entry.key.startsWith(prefix)) below.delete(entry.key.slice(prefix.length))
    const under = below.get(entry.key)
    entries.push(under ? { ...entry, value: mergeDeep(entry.value, under.value, options) } : entry)
    below.delete(entry.key)
  }
  return { ...higher, entries: [...entries, ...below.values()] }
}

function mergeDeepLists(higher: LocatedList, lower: LocatedList, options: MergeOptions): LocatedList {
  const prefix = options.knockoutPrefix
  const gone = new Set<string>()
  for (const item of higher.items) {
    const text = textOf(item)
    if (prefix !== undefined && text?.startsWith(prefix)) gone.add(JSON.stringify(text.slice(prefix.length)))
  }
  const items = new Map<string, Located>()
  for (const item of [...lower.items.filter((each) => !gone.has(JSON.stringify(plainOf(each)))), ...higher.items]) {
    const key = JSON.stringify(plainOf(item))
    if (!items.has(key)) items.set(key, item)
  }
  const merged = [...items.values()]
  if (options.sortMergedArrays) merged.sort((a, b) => (textOf(a) ?? '').localeCompare(textOf(b) ?? ''))
  return { ...higher, items: merged }
}

/** Removes the knock-out marks once all levels are merged. */
function dropKnockouts(value: Located, prefix: string): Located {
  const isMark = (item: Located) => textOf(item)?.startsWith(prefix) ?? false
  if (value.kind === 'list') {
    return { ...value, items: value.items.filter((item) => !isMark(item)).map((item) => dropKnockouts(item, prefix)) }
  }
  if (value.kind === 'scalar') return value
  const kept = value.entries.filter((entry) => !entry.key.startsWith(prefix) && textOf(entry.value) !== prefix)
  return { ...value, entries: kept.map((entry) => ({ ...entry, value: dropKnockouts(entry.value, prefix) })) }
}
