// Finds entries that exceed the limits of a resolution when data is loaded: too long chains, too large groups. One pass over all entries,
// bottom-up; a group is counted exactly only where the rough sum exceeds the limit.

import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey } from '../address.ts'
import { CHAIN_LIMIT, EXPANSION_LIMIT, VISIT_LIMIT } from '../directory.ts'
import { edgesOf, entriesOf, nodeOf, placesOf } from './graph-edges.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import type { Place } from '../data-problem.ts'

/** What is known about resolving one entry. */
interface Reach {
  /** Entries in the longest chain. */
  readonly depth: number
  /** Final addresses; an upper bound. */
  readonly breadth: number
  /** A limit is exceeded here or below; reported once, at the lowest entry. */
  readonly isReported: boolean
}

/** Reports the lowest entries that exceed a limit. Loops end the count; check-graph.ts reports them. */
export function checkLimits(builder: SnapshotBuilder, report: (place: Place, message: string) => void): void {
  const known = new Map<string, Reach | 'open'>()
  for (const start of builder.addresses.keys()) {
    const stack = known.has(start) ? [] : [start]
    while (stack.length > 0) {
      const key = stack.at(-1) as string
      const next = known.has(key) ? [] : edgesOf(builder, key).flatMap(({ to }) => (known.has(to) ? [] : [to]))
      if (!known.has(key)) known.set(key, 'open')
      if (next.length > 0) stack.push(...new Set(next))
      else {
        stack.pop()
        if (known.get(key) === 'open') known.set(key, judge(builder, { key, known, report }))
      }
    }
  }
}

interface Judging {
  readonly key: string
  readonly known: ReadonlyMap<string, Reach | 'open'>
  readonly report: (place: Place, message: string) => void
}

function judge(builder: SnapshotBuilder, { key, known, report }: Judging): Reach {
  const below = edgesOf(builder, key).flatMap(({ to }) => {
    const reach = known.get(to)
    return reach === undefined || reach === 'open' ? [] : [reach]
  })
  const depth = 1 + below.reduce((most, reach) => Math.max(most, reach.depth), 0)
  const rough = below.reduce((sum, reach) => sum + reach.breadth, countTargets(builder, key))
  if (below.some((reach) => reach.isReported)) return { depth, breadth: 0, isReported: true }
  const breadth = rough > EXPANSION_LIMIT ? countEnds(builder, key) : rough
  const message =
    depth > CHAIN_LIMIT + 1
      ? `${key} resolves through more than ${CHAIN_LIMIT} entries`
      : breadth > EXPANSION_LIMIT
        ? `${key} expands to more than ${EXPANSION_LIMIT} addresses: run it on a list server, and give it a transport to that server`
        : null
  const place = message === null ? undefined : placeOf(builder, key)
  if (message !== null && place) report(place, message)
  return { depth, breadth, isReported: message !== null }
}

function targetsOf(builder: SnapshotBuilder, key: string): readonly Mailbox[] {
  const record = builder.addresses.get(key)
  return record ? entriesOf(record).flatMap(({ entry }) => entry.targets) : []
}

function countTargets(builder: SnapshotBuilder, key: string): number {
  return targetsOf(builder, key).length
}

/** The number of different final addresses; counting stops above the limit. */
function countEnds(builder: SnapshotBuilder, start: string): number {
  const ends = new Set<string>()
  const seen = new Set([start])
  const open = [start]
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const target of targetsOf(builder, key)) {
      const to = builder.domains.has(target.domain) ? nodeOf(builder, target) : null
      // An address without aliases or forwards is final, and so is the copy that an address keeps.
      if (to === null || to === key || countTargets(builder, to) === 0) ends.add(to ?? addressKey(target))
    }
    for (const { to } of edgesOf(builder, key)) {
      if (seen.has(to)) continue
      seen.add(to)
      open.push(to)
    }
    if (ends.size > EXPANSION_LIMIT || seen.size > VISIT_LIMIT) return EXPANSION_LIMIT + 1
  }
  return ends.size
}

function placeOf(builder: SnapshotBuilder, key: string): Place | undefined {
  const record = builder.addresses.get(key)
  return record ? entriesOf(record).flatMap(({ entry }) => placesOf(builder, entry))[0] : undefined
}
