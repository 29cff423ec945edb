// Reads users, transports, send-as lists, discards, refusals and certificates.

import { parseWrittenHop } from '../../smtp/nexthop.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey } from '../address.ts'
import type { Located, LocatedEntry } from '../located.ts'
import { describeLocated, entryOf, refuseUnknown, textOf, textUnder } from '../located.ts'
import { readAddress, readDomain, readOwnAddress, recordOf, setOnce, sourceAt } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'
import { mapEntries } from './read-aliases.ts'
import { addDomain } from './read-domains.ts'
import { readUserNames } from './read-targets.ts'

const DISCARD_TEXT = 'discarded by configuration'
const REFUSAL_TEXT = 'This address does not accept mail'

/** `mail::users`: user → own address(es), or a record with `addresses`; a list of names means name@main domain. */
export function readUsers(builder: SnapshotBuilder, value: Located): void {
  if (value.kind === 'list') {
    for (const item of value.items) {
      const name = textOf(item)
      if (name === null) builder.problems.error(item.place, `expected a user name, found ${describeLocated(item)}`)
      else addUser(builder, { key: name, place: item.place, value: { kind: 'scalar', place: item.place, value: null } })
    }
    return
  }
  for (const entry of mapEntries(builder, value)) addUser(builder, entry)
}

/** `mail::transports`: domain or address → next hop. A domain named here is ours. */
export function readTransports(builder: SnapshotBuilder, value: Located): void {
  for (const entry of mapEntries(builder, value)) {
    const nextHop = readNextHop(builder, entry)
    if (nextHop === null) continue
    const comment = textUnder(entry.value, 'comment')
    const transport = { nextHop, source: sourceAt(entry.place), ...(comment === null ? {} : { comment }) }
    if (entry.key.includes('@') && !entry.key.startsWith('@')) {
      const address = readOwnAddress(builder, entry.key, entry.place)
      const record = address ? recordOf(builder, address) : null
      if (record) setOnce(builder, { record, field: 'transport', name: entry.key }, transport, entry.place)
      continue
    }
    const domain = readDomain(builder, entry.key.replace(/^@/, ''), entry.place)
    if (domain === null) continue
    addDomain(builder, domain, entry.place)
    const record = builder.domains.get(domain)
    if (record) setOnce(builder, { record, field: 'transport', name: entry.key }, transport, entry.place)
  }
}

/** `mail::send_as`: address → users who may use it as sender. */
export function readSendAs(builder: SnapshotBuilder, value: Located): void {
  for (const entry of mapEntries(builder, value)) {
    const address = readOwnAddress(builder, entry.key, entry.place)
    const users = readUserNames(builder, entry.value)
    if (!address) continue
    const record = recordOf(builder, address)
    setOnce(
      builder,
      { record, field: 'sendAs', name: entry.key },
      { users, source: sourceAt(entry.place) },
      entry.place,
    )
  }
}

/** `mail::discards` and `mail::refusals`: address → text; a list of addresses gets the default text. */
export function readTexts(builder: SnapshotBuilder, field: 'discard' | 'refusal', value: Located): void {
  for (const entry of textEntries(builder, value)) {
    const address = readOwnAddress(builder, entry.key, entry.place)
    const text = entryText(builder, entry) ?? (field === 'discard' ? DISCARD_TEXT : REFUSAL_TEXT)
    if (!address || text === 'absent') continue
    const record = recordOf(builder, address)
    // A reply line carries printable ASCII only (RFC 5321 4.2).
    if (field === 'refusal' && !/^[ -~]{1,400}$/.test(text)) {
      builder.problems.error(entry.value.place, 'the text of a refusal must have 1 to 400 printable ASCII characters')
    } else setOnce(builder, { record, field, name: entry.key }, { text, source: sourceAt(entry.place) }, entry.place)
  }
}

/** `mail::certificates`: machine or person → SHA-256 fingerprint(s) in hex. */
export function readCertificates(builder: SnapshotBuilder, value: Located): void {
  for (const entry of mapEntries(builder, value)) {
    const items = entry.value.kind === 'list' ? entry.value.items : [entry.value]
    const prints = items.map((item) => (textOf(item) ?? '').replaceAll(':', '').toLowerCase())
    if (!prints.every((print) => /^[0-9a-f]{64}$/.test(print))) {
      builder.problems.error(entry.value.place, `"${entry.key}": expected SHA-256 fingerprints of 64 hex digits`)
    } else if (builder.certificates.has(entry.key)) {
      builder.problems.error(entry.place, `duplicate "${entry.key}"`)
    } else builder.certificates.set(entry.key, prints)
  }
}

function addUser(builder: SnapshotBuilder, entry: LocatedEntry): void {
  const name = entry.key.trim().toLowerCase()
  if (!/^[^\s@"]+$/.test(name)) {
    builder.problems.error(entry.place, `"${entry.key}" is not a user name: write it without the domain`)
    return
  }
  const known = builder.users.get(name)
  if (known) return reportDuplicateUser(builder, name, known.source, entry.place)
  const source = sourceAt(entry.place)
  const addresses = userAddresses(builder, entry)
  if (addresses === 'absent') return
  const [fullName, comment] = [textUnder(entry.value, 'name'), textUnder(entry.value, 'comment')]
  const words = { ...(fullName === null ? {} : { fullName }), ...(comment === null ? {} : { comment }) }
  builder.users.set(name, { name, addresses, source, ...words })
  for (const address of addresses) {
    const record = recordOf(builder, address)
    setOnce(builder, { record, field: 'user', name: addressKey(address) }, { name, source }, entry.place)
  }
}

/** As of any other entry: a higher level of a hierarchy hides it; any other duplicate is an error. */
function reportDuplicateUser(builder: SnapshotBuilder, name: string, first: string, place: Place): void {
  const isLower = builder.overriding && parsePlace(first).file !== place.file
  if (isLower) builder.problems.warn(place, `user "${name}" is hidden by ${first}`)
  else builder.problems.error(place, `duplicate user "${name}", first written at ${first}`)
}

function userAddresses(builder: SnapshotBuilder, entry: LocatedEntry): readonly Mailbox[] | 'absent' {
  const { value } = entry
  const written =
    value.kind === 'map'
      ? (entryOf(value, 'addresses') ?? entryOf(value, 'address') ?? entryOf(value, 'email'))?.value
      : value
  if (value.kind === 'map') {
    const ensure = entryOf(value, 'ensure')
    if (ensure && textOf(ensure.value) === 'absent') return 'absent'
    refuseUnknown(value, ['addresses', 'address', 'email', 'name', 'comment', 'ensure'], builder.problems)
  }
  const texts = written === undefined ? [] : addressTexts(builder, written)
  const own = texts.length > 0 ? texts : [entry.key.trim()]
  return own.flatMap((text) => readOwnUserAddress(builder, text, entry) ?? [])
}

/** Nested lists are allowed, as in targets; an empty value stands for the user's name. */
function addressTexts(builder: SnapshotBuilder, written: Located): readonly string[] {
  if (written.kind === 'list') return written.items.flatMap((item) => addressTexts(builder, item))
  const text = textOf(written)
  if (text !== null) return [text]
  if (written.kind === 'map')
    builder.problems.error(
      written.place,
      `expected an address or a list of addresses, found ${describeLocated(written)}`,
    )
  return []
}

function readOwnUserAddress(builder: SnapshotBuilder, text: string, entry: LocatedEntry): Mailbox | null {
  const address = readAddress(builder, text, entry.place)
  if (!address || builder.domains.has(address.domain)) return address
  builder.problems.error(
    entry.place,
    `${text} is not in a domain of ours: write a foreign address under mail::forwards`,
  )
  return null
}

function readNextHop(builder: SnapshotBuilder, entry: LocatedEntry): string | null {
  const { value } = entry
  refuseUnknown(value, ['next_hop', 'to', 'comment'], builder.problems)
  const field = value.kind === 'map' ? (entryOf(value, 'next_hop') ?? entryOf(value, 'to'))?.value : value
  const text = field ? textOf(field)?.trim() : undefined
  if (text !== undefined && parseWrittenHop(text)) return text
  builder.problems.error(
    value.place,
    `expected a next hop such as smtp:[list.example.org]:25, lmtp:[127.0.0.1]:24 or lmtp:unix:/run/list.sock, found ${describeLocated(field ?? value)}`,
  )
  return null
}

function textEntries(builder: SnapshotBuilder, value: Located): readonly LocatedEntry[] {
  if (value.kind !== 'list') return mapEntries(builder, value)
  return value.items.flatMap((item) => {
    const key = textOf(item)
    if (key === null) builder.problems.error(item.place, `expected an address, found ${describeLocated(item)}`)
    return key === null
      ? []
      : [{ key, place: item.place, value: { kind: 'scalar' as const, place: item.place, value: null } }]
  })
}

function entryText(builder: SnapshotBuilder, entry: LocatedEntry): string | null {
  const { value } = entry
  if (value.kind === 'list') builder.problems.error(value.place, `expected a text, found ${describeLocated(value)}`)
  if (value.kind !== 'map') return textOf(value)
  refuseUnknown(value, ['text', 'reason', 'ensure'], builder.problems)
  const ensure = entryOf(value, 'ensure')
  if (ensure && textOf(ensure.value) === 'absent') return 'absent'
  const text = entryOf(value, 'text') ?? entryOf(value, 'reason')
  return text ? textOf(text.value) : null
}
