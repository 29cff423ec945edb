// Keys that nobody reads are refused by name: what an admin wrote and a program passes over is how mail gets lost.
// Room: directory.

import type { Located } from './located.ts'
import type { ProblemList } from './data-problem.ts'

/** Tells every key of a record that is not one of `known`; values that are no records have none. */
export function refuseUnknown(value: Located, known: readonly string[], problems: ProblemList): void {
  for (const { key, place } of value.kind === 'map' ? value.entries : []) {
    if (!known.includes(key)) problems.error(place, `unknown key "${key}": expected ${known.join(', ')}`)
  }
}
