// Finds entries without effect: of one address, only the first entry in the order of look-up is followed. An alias that hides a forward in
// the same file is a mistake; a refusal or discard, or an alias of another file or level, is deliberate.

import { parsePlace } from '../data-problem.ts'
import type { AddressRecord, TargetEntry } from '../directory.ts'
import { nodeOf } from './graph-edges.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'

/** Warns of each forward and transport hidden by an alias or forward of the same address in the same file. */
export function checkHidden(builder: SnapshotBuilder): void {
  for (const [key, record] of builder.addresses) {
    if (record.refusal || record.discard) continue
    const first = followed(builder, key, record)
    if (!first) continue
    const { field, source } = first
    for (const below of field === 'alias' ? (['forward', 'transport'] as const) : (['transport'] as const)) {
      const hidden = record[below]
      if (!hidden) continue
      const place = parsePlace(hidden.source)
      if (place.file !== parsePlace(source).file) continue
      const advice = `add ${key} to its targets`
      builder.problems.warn(
        place,
        `the ${below} of ${key} has no effect: its ${field} (${source}) comes first; to keep a copy, ${advice}`,
      )
    }
  }
}

/** The first entry that hides those below it: an entry that keeps a copy for its own address does not. */
function followed(builder: SnapshotBuilder, key: string, record: AddressRecord) {
  for (const field of ['alias', 'forward'] as const) {
    const entry = record[field]
    if (entry && !keepsCopy(builder, key, entry)) return { field, source: entry.source }
  }
  return null
}

function keepsCopy(builder: SnapshotBuilder, key: string, entry: TargetEntry): boolean {
  return entry.targets.some((target) => builder.domains.has(target.domain) && nodeOf(builder, target) === key)
}
