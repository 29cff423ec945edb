// The changes that make the records of a server those of the plan. Records that are not ours are never removed: other TXT records of a name,
// other issuers of CAA, other names of an address.

import { compareSet, relevant } from './compare-set.ts'
import type { ExpectedSet, RecordChange } from './dynamic-update.ts'
import type { PlannedSet } from './planned-record.ts'
import type { PresentRecord } from './present-set.ts'
import { purposes } from './purposes.ts'
import { wireData } from './record-data.ts'

export interface DescribedChange extends RecordChange {
  /** As in a zone file. */
  readonly written: string
}

export interface SetChanges {
  /** What an update expects of the name and type: everything that is there now. */
  readonly expected: ExpectedSet
  /** Empty if the set is published. */
  readonly changes: readonly DescribedChange[]
}

/** @param present all records of the name and type */
export function setChanges(set: PlannedSet, present: readonly PresentRecord[]): SetChanges {
  const { name, type } = set
  const expected = { name, type, data: present.map(({ octets }) => octets) }
  const ours = ownRecords(set, present)
  if (isPublished(set, present)) return { expected, changes: ttlChanges(set, ours, present) }
  const unwanted = ours.filter(({ written }) => !set.data.includes(written))
  const missing = set.data.filter((data) => !ours.some(({ written }) => written === data))
  return {
    expected,
    changes: [
      ...unwanted.map(({ written, octets, ttl }) => ({
        action: 'remove' as const,
        name,
        type,
        ttl,
        data: octets,
        written,
      })),
      ...missing.map((written) => ({
        action: 'add' as const,
        name,
        type,
        ttl: set.ttl,
        data: rdata(set, written),
        written,
      })),
    ],
  }
}

/** All records of a name and type have one time to live (RFC 2181 5.2), so it stays where some are not ours. */
function ttlChanges(
  set: PlannedSet,
  ours: readonly PresentRecord[],
  present: readonly PresentRecord[],
): readonly DescribedChange[] {
  const { name, type } = set
  if (ours.length < present.length || ours.every(({ ttl }) => ttl === set.ttl)) return []
  const same = ours.map(({ written, octets }) => ({ name, type, data: octets, written }))
  return [
    ...same.map((one, index) => ({ ...one, action: 'remove' as const, ttl: (ours[index] as PresentRecord).ttl })),
    ...same.map((one) => ({ ...one, action: 'add' as const, ttl: set.ttl })),
  ]
}

function isPublished(set: PlannedSet, present: readonly PresentRecord[]): boolean {
  const data = present.map(({ written }) => written)
  return compareSet(set, { kind: 'found', data, ttl: 0, authentic: false }).kind === 'published'
}

function ownRecords(set: PlannedSet, present: readonly PresentRecord[]): readonly PresentRecord[] {
  if (purposes[set.purpose].shared) return present.filter(({ written }) => set.data.includes(written))
  const own = relevant(
    set,
    present.map(({ written }) => written),
  )
  return present.filter(({ written }) => own.includes(written))
}

function rdata({ type }: PlannedSet, written: string): Buffer {
  return wireData(type, written).subarray(2)
}
