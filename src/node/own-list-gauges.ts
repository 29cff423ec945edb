// The entries of the own lists as numbers, and the warnings about those that have expired.

import type { Problem } from '../config/problem.ts'
import type { Clock } from '../lib/clock.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { ListEntry, OwnLists } from '../route/operator-lists.ts'
import { describeListEntry } from '../route/operator-lists.ts'

/** @param lists those of the current routing data */
export function ownListGauge(lists: () => OwnLists, clock: Pick<Clock, 'now'>): GaugeSource {
  return {
    name: 'waypost_own_list_entries',
    help: 'Entries of the own lists in the routing data: `active`, or `expired` and without effect.',
    labels: ['list', 'state'],
    read: () => {
      const now = clock.now()
      const { entries } = lists()
      return (['allow', 'block'] as const).flatMap((list) => {
        const ours = entries.filter((one) => one.list === list)
        const expired = ours.filter((one) => isExpired(one, now)).length
        return [
          { labels: { list, state: 'active' }, value: ours.length - expired },
          { labels: { list, state: 'expired' }, value: expired },
        ]
      })
    },
  }
}

/** A warning at each expired entry. @param now unix milliseconds */
export function expiredEntries(entries: readonly ListEntry[], now: number): readonly Problem[] {
  return entries
    .filter((one) => isExpired(one, now))
    .map((one) => {
      const colon = one.source.lastIndexOf(':')
      const message = `this entry expired at ${new Date(one.until ?? 0).toISOString()} and has no effect: remove it, or set a later date (${describeListEntry(one)})`
      return { file: one.source.slice(0, colon), line: Number(one.source.slice(colon + 1)), column: 1, message }
    })
}

function isExpired({ until }: ListEntry, now: number): boolean {
  return until !== undefined && until <= now
}
