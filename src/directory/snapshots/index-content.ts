// Makes maps of a source's rows. An unusable row is noted and ignored, so that one wrong row does not stop all mail.

import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey, parseAddress, splitAddresses } from '../address.ts'
import type { AddressRecord, Grant, Mutable, TargetEntry } from '../directory.ts'
import type { SourceUser } from '../external-source.ts'
import type { SourceContent, TargetsRow, UserRow } from './source-content.ts'

export interface IndexSettings {
  /** Bare names belong to it. */
  readonly mainDomain: string
  /** Domains whose addresses the source may have. */
  readonly domains: ReadonlySet<string>
}

export interface SourcePassword {
  readonly password: string
  readonly source: string
}

export interface ContentIndex {
  readonly records: ReadonlyMap<string, AddressRecord>
  /** By name in lower case, without domain. */
  readonly users: ReadonlyMap<string, SourceUser>
  /** Password hashes by user name. */
  readonly passwords: ReadonlyMap<string, SourcePassword>
  /** Aliases by the key of an address that they name. */
  readonly aliasGrants: ReadonlyMap<string, readonly Grant[]>
  /** The first unusable rows; `unused` counts all. */
  readonly notes: readonly string[]
  readonly unused: number
}

/** Enough to see what is wrong. */
const NOTE_LIMIT = 20

interface IndexBuilder {
  readonly settings: IndexSettings
  readonly records: Map<string, Mutable<AddressRecord>>
  readonly users: Map<string, SourceUser>
  readonly passwords: Map<string, SourcePassword>
  readonly aliasGrants: Map<string, Grant[]>
  readonly notes: string[]
  unused: number
}

export function indexContent(content: SourceContent, settings: IndexSettings): ContentIndex {
  const builder: IndexBuilder = {
    settings,
    records: new Map(),
    users: new Map(),
    passwords: new Map(),
    aliasGrants: new Map(),
    notes: [],
    unused: 0,
  }
  for (const user of content.users) addUser(builder, user)
  for (const row of content.aliases) addTargets(builder, 'alias', row)
  for (const row of content.forwards) addTargets(builder, 'forward', row)
  return builder
}

function addUser(builder: IndexBuilder, row: UserRow): void {
  const name = row.name.toLowerCase()
  if (!/^[^\s@"]+$/.test(name)) return note(builder, row.source, `"${row.name}" is not a user name`)
  const known = builder.users.get(name)
  if (known) return note(builder, row.source, `user "${name}" is already in ${known.source}`)
  const { source } = row
  const addresses = row.addresses.flatMap((text) => readOwn(builder, text, source) ?? [])
  builder.users.set(name, { addresses, source })
  if (row.password !== undefined) builder.passwords.set(name, { password: row.password, source })
  for (const address of addresses) {
    const record = recordOf(builder, address)
    if (record.user) note(builder, source, `${addressKey(address)} is already in ${record.user.source}`)
    else record.user = { name, source }
  }
}

function addTargets(builder: IndexBuilder, field: 'alias' | 'forward', row: TargetsRow): void {
  const address = readOwn(builder, row.address, row.source)
  const targets = row.targets.flatMap((text) => readTarget(builder, text, row.source))
  // A row without a usable target is ignored: an entry without targets would refuse mail.
  if (!address || targets.length === 0) return
  const record = recordOf(builder, address)
  const known = record[field]
  if (known) return note(builder, row.source, `${field} ${addressKey(address)} is already in ${known.source}`)
  const entry: TargetEntry = { targets, source: row.source }
  record[field] = entry
  // A forward is chosen by its user, so its target gets no right to send as the address.
  if (field === 'forward') return
  for (const target of targets) {
    const key = addressKey(target)
    const grant = { address: addressKey(address), source: row.source }
    const list = builder.aliasGrants.get(key)
    if (list) list.push(grant)
    else builder.aliasGrants.set(key, [grant])
  }
}

/** An address in one of the source's domains; others are noted and ignored. */
function readOwn(builder: IndexBuilder, text: string, source: string): Mailbox | null {
  const address = readAddress(builder, text, source)
  if (!address || builder.settings.domains.has(address.domain)) return address
  note(builder, source, `${text} is not in ${[...builder.settings.domains].join(', ')}`)
  return null
}

/** `kim@home.example.net, kim@example.com` is two addresses. */
function readTarget(builder: IndexBuilder, text: string, source: string): readonly Mailbox[] {
  return splitAddresses(text).flatMap((part) => readAddress(builder, part, source) ?? [])
}

function readAddress(builder: IndexBuilder, text: string, source: string): Mailbox | null {
  const trimmed = text.trim()
  // Commands, files and :include: are not addresses, and neither are texts with octets that are not UTF-8.
  const address = /^[|/:]|\ufffd/.test(trimmed)
    ? null
    : parseAddress(trimmed.includes('@') ? trimmed : `${trimmed}@${builder.settings.mainDomain}`)
  if (!address) note(builder, source, `"${trimmed}" is not an address`)
  return address
}

function recordOf(builder: IndexBuilder, address: Mailbox): Mutable<AddressRecord> {
  const key = addressKey(address)
  const known = builder.records.get(key)
  if (known) return known
  const made: Mutable<AddressRecord> = {}
  builder.records.set(key, made)
  return made
}

function note(builder: IndexBuilder, source: string, text: string): void {
  builder.unused += 1
  if (builder.notes.length < NOTE_LIMIT) builder.notes.push(`${source}: ${text}`)
}
