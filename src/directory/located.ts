// Values of YAML, TOML and aliases(5) files, each with the place that it came from, kept through merges and interpolation.

import type { Place, ProblemList } from './data-problem.ts'

export type Scalar = string | number | boolean | null

export type Located = LocatedScalar | LocatedList | LocatedMap

export interface LocatedScalar {
  readonly kind: 'scalar'
  readonly place: Place
  readonly value: Scalar
  /** The text as written, if YAML 1.1 reads it as another type (`010` is 8, `no` is false). */
  readonly written?: string
  /** True for text written as a block (`|` or `>`), whose first line is below `place`. */
  readonly block?: true
  /** The comment after the value. */
  readonly comment?: string
}

export interface LocatedList {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly Located[]
  /** As of a scalar; of a block list, the comment after its key. */
  readonly comment?: string
}

export interface LocatedMap {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: readonly LocatedEntry[]
  /** As of a list. */
  readonly comment?: string
}

export interface LocatedEntry {
  readonly key: string
  readonly place: Place
  readonly value: Located
}

/** The value under a key, or undefined. */
export function entryOf(map: LocatedMap, key: string): LocatedEntry | undefined {
  return map.entries.find((entry) => entry.key === key)
}

/** The text under a key; null if there is none. */
export function textUnder(map: Located, key: string): string | null {
  const entry = map.kind === 'map' ? entryOf(map, key) : undefined
  return entry ? textOf(entry.value) : null
}

/** A scalar's text: strings as they are, numbers and booleans as written. Null for null, lists and maps. */
export function textOf(value: Located): string | null {
  if (value.kind !== 'scalar' || value.value === null) return null
  return typeof value.value === 'string' ? value.value : (value.written ?? String(value.value))
}

/** Describes a value for messages. */
export function describeLocated(value: Located): string {
  if (value.kind === 'list') return 'a list'
  if (value.kind === 'map') return 'a mapping'
  return value.value === null ? 'nothing' : `${JSON.stringify(value.value)}`
}

/** The plain value without places. */
export function plainOf(value: Located): unknown {
  if (value.kind === 'scalar') return value.value
  if (value.kind === 'list') return value.items.map(plainOf)
  return Object.fromEntries(value.entries.map((entry) => [entry.key, plainOf(entry.value)]))
}

/** Reports every key of a mapping that is not one of `known`, because an ignored key could lose mail. Other values have no keys. */
export function refuseUnknown(value: Located, known: readonly string[], problems: ProblemList): void {
  for (const { key, place } of value.kind === 'map' ? value.entries : []) {
    if (!known.includes(key)) problems.error(place, `unknown key "${key}": expected ${known.join(', ')}`)
  }
}
