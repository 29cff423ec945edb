// Finds groups whose members are all empty groups: like an empty list, such a group refuses its mail. Empty lists themselves are reported
// by read-targets.ts.

import { printAddress } from '../address.ts'
import type { TargetEntry } from '../directory.ts'
import { entriesOf, nodeOf, placesOf } from './graph-edges.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'

/** Warns once of each such entry, at its first target. */
export function checkEmpty(builder: SnapshotBuilder): void {
  const empty: string[] = []
  const only = onlyEntries(builder)
  for (const [key, entry] of only) if (entry.targets.length === 0) empty.push(key)
  if (empty.length === 0) return
  /** Entry → the entries that name it. Built only if there is an empty list, which is rare. */
  const namedBy = new Map<string, string[]>()
  const open = new Map<string, number>()
  for (const [key, entry] of only) {
    open.set(key, entry.targets.length)
    for (const target of entry.targets) {
      const to = nodeOf(builder, target)
      if (to !== null) addTo(namedBy, to, key)
    }
  }
  for (let at = 0; at < empty.length; at += 1) {
    for (const key of namedBy.get(empty[at] as string) ?? []) {
      const left = (open.get(key) ?? 0) - 1
      open.set(key, left)
      if (left > 0) continue
      empty.push(key)
      report(builder, key, only.get(key) as TargetEntry)
    }
  }
}

function addTo(lists: Map<string, string[]>, at: string, key: string): void {
  const list = lists.get(at)
  if (list) list.push(key)
  else lists.set(at, [key])
}

/** Addresses with exactly one entry. */
function onlyEntries(builder: SnapshotBuilder): ReadonlyMap<string, TargetEntry> {
  const found = new Map<string, TargetEntry>()
  for (const [key, record] of builder.addresses) {
    const [first, ...others] = entriesOf(record)
    if (first && others.length === 0 && !record.transport) found.set(key, first.entry)
  }
  return found
}

function report(builder: SnapshotBuilder, key: string, entry: TargetEntry): void {
  const [place] = placesOf(builder, entry)
  const names = entry.targets.map(printAddress).join(', ')
  if (place)
    builder.problems.warn(
      place,
      `${key} has no recipients: ${names} ${entry.targets.length > 1 ? 'have' : 'has'} no targets`,
    )
}
