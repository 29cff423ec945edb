// Reads fields of TOML tables as texts, names and flags, and reports other values at their place.

import { describeLocated, entryOf, textOf } from '../located.ts'
import type { Located, LocatedMap } from '../located.ts'
import type { ProblemList } from '../data-problem.ts'
import type { Named } from './team.ts'

/** A text; null if it is missing, or if it is not a text, which is reported. */
export function readText(map: LocatedMap, key: string, problems: ProblemList): Named | null {
  const field = entryOf(map, key)
  if (!field) return null
  const text = typeof plain(field.value) === 'string' ? textOf(field.value)?.trim() : ''
  if (text) return { text, place: field.value.place }
  problems.error(field.value.place, `"${key}": expected a text, found ${describeLocated(field.value)}`)
  return null
}

/** True or false. */
export function readFlag(map: LocatedMap, key: string, otherwise: boolean, problems: ProblemList): boolean {
  const field = entryOf(map, key)
  if (!field) return otherwise
  const value = plain(field.value)
  if (typeof value === 'boolean') return value
  problems.error(field.value.place, `"${key}": expected true or false, found ${describeLocated(field.value)}`)
  return otherwise
}

/** A list of texts; an item may be a record with its name under one of `nameKeys`. */
export function readNames(
  map: LocatedMap,
  key: string,
  problems: ProblemList,
  nameKeys: readonly string[] = [],
): readonly Named[] {
  const field = entryOf(map, key)
  if (!field) return []
  if (field.value.kind !== 'list') {
    problems.error(field.value.place, `"${key}": expected a list, found ${describeLocated(field.value)}`)
    return []
  }
  return field.value.items.flatMap((item) => {
    const named = item.kind === 'map' ? nameKeys.map((name) => entryOf(item, name)?.value).find(Boolean) : item
    const text = named && typeof plain(named) === 'string' ? textOf(named)?.trim() : ''
    if (named && text) return [{ text, place: named.place }]
    problems.error(item.place, `"${key}": expected a name, found ${describeLocated(item)}`)
    return []
  })
}

function plain(value: Located): unknown {
  return value.kind === 'scalar' ? value.value : undefined
}
