// Reads the sections that map an address of ours to others: aliases, forwards, copies, catch-alls.

import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey } from '../address.ts'
import type { TargetEntry, TextEntry } from '../directory.ts'
import type { Located, LocatedEntry, LocatedMap } from '../located.ts'
import { describeLocated, entryOf, refuseUnknown, textOf, textUnder } from '../located.ts'
import { readDomain, readOwnAddress, recordOf, setOnce, sourceAt } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { formatPlace, parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'
import { addDomain } from './read-domains.ts'
import { addPattern } from './read-rewrites.ts'
import { readTargets } from './read-targets.ts'

export type TargetField = 'alias' | 'forward' | 'hostAlias' | 'copies'

/** Local parts that every domain has to accept (RFC 2142, and senders of mail systems). */
const genericNames = ['root', 'hostmaster', 'postmaster', 'abuse', 'privacy', 'mailer-daemon']

/** A mapping address → targets. */
export function readTargetMap(builder: SnapshotBuilder, field: TargetField, value: Located): void {
  for (const entry of mapEntries(builder, value)) addTargets(builder, field, entry)
}

/** A list of records `{name, dest, …}`, or the short form `{name: targets}`. */
export function readAliasRecords(builder: SnapshotBuilder, value: Located): void {
  if (value.kind !== 'list') {
    builder.problems.error(value.place, `expected a list of records, found ${describeLocated(value)}`)
    return
  }
  for (const item of value.items) {
    const [only] = item.kind === 'map' ? item.entries : []
    const name = item.kind === 'map' ? entryOf(item, 'name') : undefined
    if (name) addTargets(builder, 'alias', { key: textOf(name.value) ?? '', place: item.place, value: item })
    else if (only && item.kind === 'map' && item.entries.length === 1) addTargets(builder, 'alias', only)
    else builder.problems.error(item.place, 'expected a record with name and dest')
  }
}

/** Domain → list of `{pattern, addresses}`; a pattern between slashes is a regular expression over the local part. */
export function readDomainAliases(builder: SnapshotBuilder, value: Located): void {
  for (const entry of mapEntries(builder, value)) {
    const domain = readDomain(builder, entry.key, entry.place)
    if (domain === null) continue
    addDomain(builder, domain, entry.place)
    for (const item of entry.value.kind === 'list' ? entry.value.items : []) readPattern(builder, domain, item)
    if (entry.value.kind !== 'list')
      builder.problems.error(entry.value.place, `expected a list of patterns, found ${describeLocated(entry.value)}`)
  }
}

/** Domains that accept the usual role names. */
export function readGenericDomains(builder: SnapshotBuilder, value: Located): void {
  for (const item of value.kind === 'list' ? value.items : [value]) {
    const domain = readDomain(builder, textOf(item) ?? '', item.place)
    if (domain === null) continue
    addDomain(builder, domain, item.place)
    const record = builder.domains.get(domain)
    if (record) record.roles = genericNames
  }
}

/** After all files: a role name becomes an alias of the main domain's, if that has an entry. Other role names go to the postmaster. */
export function linkRoles(builder: SnapshotBuilder): void {
  for (const [domain, record] of builder.domains) {
    for (const local of domain === builder.mainDomain ? [] : (record.roles ?? [])) {
      const main = builder.addresses.get(`${local}@${builder.mainDomain}`)
      if (!main?.alias && !main?.forward && !main?.transport) continue
      const own = recordOf(builder, { local, domain })
      // An entry of the address itself takes precedence.
      if (own.alias || own.forward || own.transport) continue
      own.alias = { targets: [{ local, domain: builder.mainDomain }], source: record.source }
    }
  }
}

/** Host → (local part → targets); a full address on the left counts too, a bare name belongs to the main domain. */
export function readHostAliases(builder: SnapshotBuilder, value: Located): void {
  for (const entry of mapEntries(builder, value)) {
    if (entry.value.kind !== 'map' || entry.key.includes('@') || !entry.key.includes('.')) {
      addTargets(builder, 'hostAlias', entry)
      continue
    }
    const host = readDomain(builder, entry.key, entry.place)
    if (host === null) continue
    addDomain(builder, host, entry.place)
    for (const each of entry.value.entries) addTargets(builder, 'hostAlias', { ...each, key: `${each.key}@${host}` })
  }
}

/** Domain → targets; a single value is for the main domain. */
export function readCatchAll(builder: SnapshotBuilder, value: Located): void {
  const isMap = value.kind === 'map' && value.entries.every((entry) => entry.key.includes('.'))
  const entries = isMap ? (value as LocatedMap).entries : [{ key: builder.mainDomain, place: value.place, value }]
  for (const entry of entries) {
    const domain = readDomain(builder, entry.key.replace(/^@/, ''), entry.place)
    const targets = readTargets(builder, entry.value, entry.place)
    if (targets === 'discard')
      builder.problems.error(
        entry.place,
        'a catch-all cannot discard mail: expected addresses; without a catch-all, mail to unknown addresses is refused',
      )
    if (domain === null || targets === null || typeof targets === 'string') continue
    const record = builder.domains.get(domain)
    if (!record) builder.problems.error(entry.place, `${domain} is not a domain of ours: add it to mail::domains`)
    else setOnce(builder, { record, field: 'catchAll', name: entry.key }, targets, entry.place)
  }
}

/** The entries of a mapping; reports other values except null. */
export function mapEntries(builder: SnapshotBuilder, value: Located): readonly LocatedEntry[] {
  if (value.kind === 'map') return value.entries
  if (value.kind === 'scalar' && value.value === null) return []
  builder.problems.error(value.place, `expected a mapping, found ${describeLocated(value)}`)
  return []
}

function readPattern(builder: SnapshotBuilder, domain: string, item: Located): void {
  const pattern = item.kind === 'map' ? entryOf(item, 'pattern') : undefined
  const text = pattern ? textOf(pattern.value) : null
  if (item.kind !== 'map' || !pattern || text === null) {
    builder.problems.error(item.place, 'expected a record with pattern and addresses')
    return
  }
  if (!text.startsWith('/')) {
    addTargets(builder, 'alias', { key: `${text}@${domain}`, place: item.place, value: item })
    return
  }
  const to = entryOf(item, 'addresses')?.value
  refuseUnknown(item, ['pattern', 'addresses', 'comment'], builder.problems)
  const comment = textUnder(item, 'comment')
  if (to)
    addPattern(builder, { pattern: text, to, place: pattern.value.place, domain, ...(comment ? { comment } : {}) })
  else builder.problems.error(item.place, 'expected "addresses"')
}

function addTargets(builder: SnapshotBuilder, field: TargetField, entry: LocatedEntry): void {
  const address = readOwnAddress(builder, entry.key, entry.place)
  const targets = readTargets(builder, entry.value, entry.place)
  if (!address || targets === null || targets === 'ignore') return
  const mark = `${field} ${addressKey(address)}`
  if (targets === 'absent') {
    takeAway(builder, { address, field, name: entry.key, mark }, entry.place)
    return
  }
  const gone = builder.removed.get(mark)
  if (!gone && targets === 'discard') discard(builder, { address, field, name: entry.key }, entry.place)
  else if (!gone && targets !== 'discard') put(builder, { address, field, name: entry.key }, targets, entry.place)
  else if (gone?.file === entry.place.file) {
    builder.problems.error(entry.place, `"${entry.key}" is defined here and absent at ${formatPlace(gone)}`)
  }
}

/** Within one file, an entry is either present or absent. A level removes entries of lower levels; a file those of any file. */
function takeAway(builder: SnapshotBuilder, slot: Slot & { readonly mark: string }, place: Place): void {
  const record = builder.addresses.get(addressKey(slot.address))
  const discards = slot.field === 'alias' && record?.discard?.text === NULL_ALIAS_TEXT
  const known = discards ? record.discard : record?.[slot.field]
  if (!builder.removed.has(slot.mark)) builder.removed.set(slot.mark, place)
  if (!record || !known) return
  if (parsePlace(known.source).file === place.file) {
    builder.problems.error(place, `"${slot.name}" is absent here and defined at ${known.source}`)
  } else if (!builder.overriding) delete record[discards ? 'discard' : slot.field]
}

interface Slot {
  readonly address: Mailbox
  readonly field: TargetField
  readonly name: string
}

/** The text of an alias to /dev/null, which distinguishes it from an entry of mail::discards. */
const NULL_ALIAS_TEXT = 'discarded: the alias has the target /dev/null'

/** An entry whose only target is /dev/null: of an alias, the mail of the address is accepted and dropped. */
function discard(builder: SnapshotBuilder, { address, field, name }: Slot, place: Place): void {
  // No copy of the mail is no reason to drop the mail.
  if (field === 'copies') return
  if (field !== 'alias') {
    builder.problems.error(place, `only an alias may have the target /dev/null: write "${name}" under mail::discards`)
    return
  }
  const record = recordOf(builder, address)
  const text = { text: NULL_ALIAS_TEXT, source: sourceAt(place) }
  // A second alias of the address is an error, or hidden by a higher level, whichever of the two discards.
  const taken = record.alias ? { discard: { text: '', source: record.alias.source } } : record
  setOnce<{ discard?: TextEntry }, 'discard'>(builder, { record: taken, field: 'discard', name }, text, place)
}

function put(builder: SnapshotBuilder, { address, field, name }: Slot, targets: TargetEntry, place: Place): void {
  const record = recordOf(builder, address)
  const isTaken = field === 'alias' && record.discard?.text === NULL_ALIAS_TEXT
  const taken: { [each in TargetField]?: { readonly source: string } } = isTaken ? { alias: record.discard } : record
  setOnce(builder, { record: taken, field, name }, targets, place)
}
