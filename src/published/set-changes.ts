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
  if (isPublished(set, present)) return { expected, changes: [] }
  const ours = ownRecords(set, present)
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
