// What has to change in the zones that the fleet file says how to publish.

import type { Fleet, FleetZone } from '../fleet/fleet-model.ts'
import { createSemaphore } from '../lib/semaphore.ts'
import type { ExpectedSet } from './dynamic-update.ts'
import type { PlannedSet, PlannedType } from './planned-record.ts'
import type { PresentSet } from './present-set.ts'
import { type DescribedChange, setChanges } from './set-changes.ts'

/** Questions to one server at once. */
const MAX_AT_ONCE = 8

export interface ZoneChanges {
  readonly zone: FleetZone
  /** All records of the names and types that change, as they are now. */
  readonly expected: readonly ExpectedSet[]
  readonly changes: readonly DescribedChange[]
  /** Names and types that cannot be read, each with the cause: they are left as they are. */
  readonly problems: readonly string[]
}

export type ReadSet = (
  zone: FleetZone,
  owner: { readonly name: string; readonly type: PlannedType },
) => Promise<PresentSet>

/** The zone of a name: the longest one of the fleet file that contains it; null if there is none. */
export function zoneFor(name: string, { zones }: Pick<Fleet, 'zones'>): FleetZone | null {
  const containing = zones.filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`))
  return containing.toSorted((a, b) => b.name.length - a.name.length)[0] ?? null
}

/** In the order of the fleet file. `read` asks a server of the zone. */
export async function zoneChanges(
  sets: readonly PlannedSet[],
  fleet: Pick<Fleet, 'zones'>,
  read: ReadSet,
): Promise<readonly ZoneChanges[]> {
  return Promise.all(
    fleet.zones.map((zone) =>
      changesOf(
        zone,
        sets.filter(({ name }) => zoneFor(name, fleet) === zone),
        read,
      ),
    ),
  )
}

async function changesOf(zone: FleetZone, sets: readonly PlannedSet[], read: ReadSet): Promise<ZoneChanges> {
  const places = createSemaphore(MAX_AT_ONCE)
  const compared = await Promise.all(
    sets.map(async (set) => {
      const release = await places.acquire()
      const present = await read(zone, set).finally(release)
      return present.kind === 'known'
        ? { ...setChanges(set, present.records), problems: [] }
        : { expected: null, changes: [], problems: [`${set.name} ${set.type}: ${present.cause}`] }
    }),
  )
  const changing = compared.filter(({ changes }) => changes.length > 0)
  const expected = changing.flatMap((one) => one.expected ?? [])
  return {
    zone,
    // TXT records of one name can serve two purposes, which expect the same records.
    expected: [...new Map(expected.map((one) => [`${one.name} ${one.type}`, one])).values()],
    changes: changing.flatMap(({ changes }) => changes),
    problems: compared.flatMap(({ problems }) => problems),
  }
}
