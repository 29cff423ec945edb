// Reads the right side of an alias or forward in all formats that sites use: text, list, nested list, record.

import type { Mailbox } from '../../smtp/mailbox.ts'
import { splitAddresses } from '../address.ts'
import type { TargetEntry } from '../directory.ts'
import { readForwardWords } from './read-forward-policies.ts'
import type { Located, LocatedEntry, LocatedMap } from '../located.ts'
import { describeLocated, textOf } from '../located.ts'
import { readAddress, sourceAt } from './snapshot-builder.ts'
import { readLoginAccount } from './read-login-account.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import type { Place } from '../data-problem.ts'

/**
 * `absent` removes the entry, `ignore` changes nothing, `discard` means that the only target is /dev/null, null is an error that is
 * already reported.
 */
export type ReadTargets = TargetEntry | 'absent' | 'ignore' | 'discard' | null

/** As a target it means in aliases(5) that the mail is dropped. Beside other targets it adds nothing. */
const DISCARD_FILE = '/dev/null'

/** Fields that hold the targets; the first one applies. */
const targetFields = ['to', 'targets', 'destination', 'recipient', 'dest', 'addresses', 'forwardTo']
const optionFields = [
  'comment',
  'section',
  'ensure',
  'state',
  'tag',
  'send_as',
  'when_dmarc_would_fail',
  'spam_ceiling',
]
/** Fields for other tools, which are ignored. */
const outputFields = ['file', 'target', 'name', 'pattern', 'provider', 'loginAccount']

/** Reads the targets of the entry at `place`. */
export function readTargets(builder: SnapshotBuilder, value: Located, place: Place): ReadTargets {
  const comment = value.comment === undefined ? {} : { comment: value.comment }
  if (value.kind !== 'map') return finish(builder, value, place, comment)
  const read = readRecord(builder, value, place)
  // The field `comment` takes precedence over a comment after the value.
  if (read === null || typeof read === 'string' || read.comment !== undefined) return read
  return Object.assign(read, comment)
}

/** Reads one user name or a list. `none` and the empty list stand for no user, `*` for every user. */
export function readUserNames(builder: SnapshotBuilder, value: Located): readonly string[] {
  const items = value.kind === 'list' ? value.items : [value]
  const names: string[] = []
  for (const item of items) {
    const text = textOf(item)?.trim().toLowerCase()
    if (text === undefined || text === '') {
      builder.problems.error(item.place, `expected a user name, found ${describeLocated(item)}`)
    } else if (text !== 'none' && text !== 'nobody') names.push(withoutDomain(builder, text, item.place))
  }
  return names
}

function withoutDomain(builder: SnapshotBuilder, text: string, place: Place): string {
  const at = text.indexOf('@')
  if (at < 0) return text
  if (!builder.domains.has(text.slice(at + 1)))
    builder.problems.error(place, `user "${text}" is not in a domain of ours`)
  return text.slice(0, at)
}

function readRecord(builder: SnapshotBuilder, map: LocatedMap, place: Place): ReadTargets {
  const fields = new Map(map.entries.map((entry) => [entry.key, entry]))
  const state = readState(builder, fields.get('ensure') ?? fields.get('state'))
  if (state !== 'present') return state
  const named = targetFields.map((name) => fields.get(name)).filter((entry) => entry !== undefined)
  const account = fields.get('loginAccount')
  if (account) readLoginAccount(builder, account)
  const chosen = named[0] ?? targetOnly(builder, fields.get('target'))
  reportUnknown(builder, map, named.slice(1))
  if (!chosen) {
    const file = fields.get('file')
    builder.problems.error(
      file?.place ?? place,
      file
        ? '"file" is not read: write the addresses as "to: [ … ]"'
        : `no targets: expected one of ${targetFields.join(', ')}`,
    )
    return null
  }
  return finish(builder, chosen.value, place, readOptions(builder, fields))
}

function readState(builder: SnapshotBuilder, entry: LocatedEntry | undefined): 'present' | 'absent' | 'ignore' {
  const text = entry ? textOf(entry.value) : 'present'
  if (text === 'present' || text === 'absent' || text === 'ignore') return text
  if (entry) builder.problems.error(entry.value.place, `"${entry.key}": expected present, absent or ignore`)
  return 'ignore'
}

/** `target:` is a map file in one module and a recipient in another; a path is a map file. */
function targetOnly(builder: SnapshotBuilder, entry: LocatedEntry | undefined): LocatedEntry | undefined {
  if (!entry || !textOf(entry.value)?.startsWith('/')) return entry
  builder.problems.error(entry.place, '"target" is a file path, not an address: write the addresses under "to:"')
  return undefined
}

function reportUnknown(builder: SnapshotBuilder, map: LocatedMap, surplus: readonly LocatedEntry[]): void {
  for (const entry of surplus) builder.problems.error(entry.place, `"${entry.key}": the targets are already given`)
  for (const entry of map.entries) {
    if ([...targetFields, ...optionFields, ...outputFields].includes(entry.key)) continue
    builder.problems.error(
      entry.place,
      `unknown key "${entry.key}": expected to, comment, ensure, tag, send_as, when_dmarc_would_fail, spam_ceiling`,
    )
  }
}

function readOptions(builder: SnapshotBuilder, fields: ReadonlyMap<string, LocatedEntry>): Partial<TargetEntry> {
  const tag = fields.get('tag')
  const tagText = tag ? textOf(tag.value) : null
  if (tag && tagText !== 'keep' && tagText !== 'drop')
    builder.problems.error(tag.value.place, '"tag": expected keep or drop')
  const sendAs = fields.get('send_as')
  const words = ['section', 'comment']
    .map((name) => fields.get(name))
    .flatMap((entry) => (entry ? (textOf(entry.value) ?? []) : []))
  return {
    ...(tagText === 'keep' || tagText === 'drop' ? { tag: tagText } : {}),
    ...(sendAs ? { sendAs: readUserNames(builder, sendAs.value) } : {}),
    ...readForwardWords(builder, (key) => fields.get(key)?.value),
    ...(words.length > 0 ? { comment: words.join(': ') } : {}),
  }
}

function finish(builder: SnapshotBuilder, value: Located, place: Place, options: Partial<TargetEntry>): ReadTargets {
  const found: Found = { targets: [], places: [], discards: false }
  const faults = collect(builder, value, found)
  if (faults > 0) return null
  const { targets, places } = found
  if (targets.length === 0 && found.discards) return 'discard'
  if (targets.length === 0) {
    builder.problems.warn(place, 'no targets: mail to this address is refused; to discard it, use mail::discards')
  }
  const entry: TargetEntry = { targets, source: sourceAt(place), ...options }
  builder.targetPlaces.set(entry, places)
  return entry
}

interface Found {
  readonly targets: Mailbox[]
  readonly places: Place[]
  /** True if one of the targets is /dev/null. */
  discards: boolean
}

/** Adds all addresses of a value; returns the number of errors. */
function collect(builder: SnapshotBuilder, value: Located, found: Found): number {
  if (value.kind === 'list') return value.items.reduce((sum, item) => sum + collect(builder, item, found), 0)
  const text = textOf(value)
  if (text === null) {
    builder.problems.error(value.place, `expected an address or a list of addresses, found ${describeLocated(value)}`)
    return 1
  }
  let faults = 0
  for (const part of text.includes(',') && !text.startsWith('ENC[') ? splitAddresses(text) : [text]) {
    if (part.trim() === DISCARD_FILE) {
      found.discards = true
      continue
    }
    const address = readAddress(builder, part, value.place)
    if (!address) faults += 1
    else {
      found.targets.push(address)
      found.places.push(value.place)
    }
  }
  return faults
}
