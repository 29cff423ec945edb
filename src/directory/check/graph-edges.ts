// Aliases and forwards as a graph of entries, for the checks at load.

import { splitAddress } from '../../smtp/mailbox.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey, splitTag } from '../address.ts'
import type { AddressRecord, TargetEntry } from '../directory.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import type { Place } from '../data-problem.ts'

/** The entry whose targets are checked. */
export interface Owner {
  readonly key: string
  readonly field: 'alias' | 'forward' | 'hostAlias'
}

export interface Edge {
  readonly to: string
  readonly place: Place
}

/** The targets of an address that have entries; a copy that it keeps for itself does not count. */
export function edgesOf(builder: SnapshotBuilder, key: string): readonly Edge[] {
  return targetsWithPlaces(builder, key).flatMap(({ target, place }) => {
    const to = builder.domains.has(target.domain) ? nodeOf(builder, target) : null
    // An address that names itself keeps a copy, which is no loop. With a tag, the address without the tag comes next.
    const next = to === key ? withoutTag(key) : to
    return next !== null && next !== key && builder.addresses.has(next) ? [{ to: next, place }] : []
  })
}

/** The targets of an address's entries, each with its place. */
export function targetsWithPlaces(
  builder: SnapshotBuilder,
  key: string,
): readonly { readonly target: Mailbox; readonly place: Place }[] {
  const record = builder.addresses.get(key)
  return (record ? entriesOf(record) : []).flatMap(({ entry }) =>
    entry.targets.flatMap((target, index) => {
      const place = placesOf(builder, entry)[index]
      return place ? [{ target, place }] : []
    }),
  )
}

function withoutTag(key: string): string {
  const { local, domain } = splitAddress(key)
  return `${splitTag(local, '+')?.base ?? local}@${domain}`
}

/** The entry of a target: of the exact address, without its tag, or at the main domain of its alias domain. */
export function nodeOf(builder: SnapshotBuilder, target: Mailbox): string | null {
  const split = splitTag(target.local, '+')
  const exact = addressKey(target)
  if (builder.addresses.has(exact)) return exact
  const base = split ? addressKey({ local: split.base, domain: target.domain }) : exact
  if (builder.addresses.has(base)) return base
  const main = builder.domains.get(target.domain)?.aliasOf?.domain
  return main === undefined ? null : nodeOf(builder, { local: target.local, domain: main })
}

/** The entries of a record that are followed, in order. */
export function entriesOf(
  record: AddressRecord,
): readonly { readonly field: Owner['field']; readonly entry: TargetEntry }[] {
  if (record.refusal || record.discard) return []
  const { alias, forward, hostAlias } = record
  if (alias && forward)
    return [
      { field: 'alias', entry: alias },
      { field: 'forward', entry: forward },
    ]
  if (alias) return [{ field: 'alias', entry: alias }]
  if (forward) return [{ field: 'forward', entry: forward }]
  // A host alias applies only if the address has no other entry.
  return hostAlias && !record.transport ? [{ field: 'hostAlias', entry: hostAlias }] : []
}

/** The place of each target of an entry. */
export function placesOf(builder: SnapshotBuilder, entry: TargetEntry): readonly Place[] {
  return builder.targetPlaces.get(entry) ?? []
}
