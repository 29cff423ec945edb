// A snapshot as plain values under Waypost's own keys, which read again give the same snapshot. Addresses are written in full, so that they
// mean the same on a node with another main domain. A snapshot holds no passwords, so the export has none.

import { splitAddress } from '../../smtp/mailbox.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { printAddress } from '../address.ts'
import type { AddressRecord, ForwardWords, Rewrite, TargetEntry, TransportEntry } from '../directory.ts'
import { parsePlace } from '../data-problem.ts'
import type { Located } from '../located.ts'
import { NAMESPACE } from '../read/mail-keys.ts'
import type { UserEntry } from '../read/snapshot-builder.ts'
import type { OwnSection } from '../read/mail-keys.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Plain } from './plain.ts'
import { plainList } from './plain-lists.ts'

/** `mail::…` → its value; empty sections are left out. */
export type PlainMail = Readonly<Record<string, Plain>>

/** All routing data of a snapshot. */
export function plainMail(snapshot: Snapshot): PlainMail {
  const domains = [...snapshot.domains]
  const sections: Readonly<Record<OwnSection, Plain>> = {
    domains: domains.filter(([, record]) => !record.aliasOf).map(([name]) => name),
    alias_domains: mapOf(domains.flatMap(([name, { aliasOf }]) => (aliasOf ? [[name, aliasOf.domain]] : []))),
    generic_domains: domains.filter(([, record]) => record.roles).map(([name]) => name),
    users: mapOf([...snapshot.users].map(([name, user]) => [name, userOf(user)])),
    aliases: targetsOf(snapshot, (record, address) =>
      isRoleLink(snapshot, address, record) ? undefined : record.alias,
    ),
    forwards: targetsOf(snapshot, (record) => record.forward),
    host_aliases: targetsOf(snapshot, (record) => record.hostAlias),
    transports: transportsOf(snapshot),
    catch_all: mapOf(domains.flatMap(([name, { catchAll }]) => (catchAll ? [[name, entryOf(catchAll)]] : []))),
    rewrites: snapshot.rewrites.map(rewriteOf),
    send_as: addressesOf(
      snapshot,
      ({ sendAs }) => sendAs,
      ({ users }) => users,
    ),
    discards: addressesOf(
      snapshot,
      ({ discard }) => discard,
      ({ text }) => text,
    ),
    refusals: addressesOf(
      snapshot,
      ({ refusal }) => refusal,
      ({ text }) => text,
    ),
    recipient_bcc: targetsOf(snapshot, (record) => record.copies),
    forward_policies: mapOf([...snapshot.forwardPolicies].flatMap(([name, words]) => policyOf(name, words))),
    allow: plainList(snapshot.listEntries, 'allow', printKey),
    block: plainList(snapshot.listEntries, 'block', printKey),
    certificates: mapOf([...snapshot.certificates]),
    assertions: snapshot.assertions === null ? [] : valueOf(snapshot.assertions),
  }
  return Object.fromEntries(
    Object.entries(sections)
      .filter(([, value]) => !isEmpty(value))
      .map(([section, value]) => [`${NAMESPACE}${section}`, value]),
  )
}

/** An address in a form that reads as the same address: one that looks like a command, a file or a list is quoted. */
function exportAddress(address: Mailbox): string {
  const printed = printAddress(address)
  const isPlain = printed.startsWith('"') || !/^[|/:]|[\s(),:;<>[\]\\]/.test(address.local)
  return isPlain ? printed : `"${address.local.replaceAll(/["\\]/g, String.raw`\$&`)}"@${address.domain}`
}

function printKey(key: string): string {
  return exportAddress(splitAddress(key))
}

function mapOf(entries: readonly (readonly [string, Plain])[]): Plain {
  return Object.fromEntries(entries)
}

function isEmpty(value: Plain): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** One field of every address that has it, in the order of the files. */
function addressesOf<T extends { readonly source: string }>(
  snapshot: Snapshot,
  part: (record: AddressRecord, address: Mailbox) => T | undefined,
  print: (found: T) => Plain,
): Plain {
  const files = new Map<string, number>()
  const found = [...snapshot.addresses].flatMap(([key, record]) => {
    const address = splitAddress(key)
    const one = part(record, address)
    if (one === undefined) return []
    const { file, line } = parsePlace(one.source)
    if (!files.has(file)) files.set(file, files.size)
    return [{ file: files.get(file) ?? 0, line, name: exportAddress(address), value: print(one) }]
  })
  found.sort((one, other) => one.file - other.file || one.line - other.line)
  return mapOf(found.map(({ name, value }) => [name, value]))
}

function targetsOf(
  snapshot: Snapshot,
  part: (record: AddressRecord, address: Mailbox) => TargetEntry | undefined,
): Plain {
  return addressesOf(snapshot, part, entryOf)
}

function entryOf(entry: TargetEntry): Plain {
  const [first, ...others] = entry.targets.map(exportAddress)
  const to = first !== undefined && others.length === 0 ? first : entry.targets.map(exportAddress)
  const options = {
    ...(entry.comment === undefined ? {} : { comment: entry.comment }),
    ...(entry.tag === undefined ? {} : { tag: entry.tag }),
    ...(entry.sendAs === undefined ? {} : { send_as: entry.sendAs.length === 0 ? 'none' : entry.sendAs }),
    ...wordsOf(entry),
  }
  return Object.keys(options).length === 0 ? to : { to, ...options }
}

function wordsOf({ whenDmarcWouldFail, spamCeiling }: Omit<ForwardWords, 'source'>): Readonly<Record<string, Plain>> {
  return {
    ...(whenDmarcWouldFail === undefined ? {} : { when_dmarc_would_fail: whenDmarcWouldFail }),
    ...(spamCeiling === undefined ? {} : { spam_ceiling: spamCeiling ?? 'none' }),
  }
}

/** A policy with only a comment has no terms and is left out. */
function policyOf(name: string, words: ForwardWords): readonly (readonly [string, Plain])[] {
  const record = wordsOf(words)
  return Object.keys(record).length === 0 ? [] : [[name, record]]
}

/** True for an alias that `generic_domains` creates, which is not written. */
function isRoleLink(snapshot: Snapshot, address: Mailbox, { alias }: AddressRecord): boolean {
  const [target] = alias?.targets ?? []
  if (!alias || !target || Object.keys(alias).length > 2 || alias.targets.length > 1) return false
  const main = snapshot.addresses.get(`${address.local}@${snapshot.mainDomain}`)
  return (
    address.domain !== snapshot.mainDomain &&
    target.local === address.local &&
    target.domain === snapshot.mainDomain &&
    snapshot.domain(address.domain)?.roles?.includes(address.local) === true &&
    Boolean(main?.alias || main?.forward || main?.transport)
  )
}

function userOf(user: UserEntry): Plain {
  const addresses = user.addresses.map(exportAddress)
  if (user.fullName === undefined && user.comment === undefined) return addresses
  return {
    addresses,
    ...(user.fullName === undefined ? {} : { name: user.fullName }),
    ...(user.comment === undefined ? {} : { comment: user.comment }),
  }
}

function transportsOf(snapshot: Snapshot): Plain {
  const ofDomains = [...snapshot.domains].flatMap(([name, { transport }]) =>
    transport ? [[name, transportOf(transport)] as const] : [],
  )
  const ofAddresses = addressesOf(snapshot, ({ transport }) => transport, transportOf)
  return { ...Object.fromEntries(ofDomains), ...(ofAddresses as Readonly<Record<string, Plain>>) }
}

function transportOf({ nextHop, comment }: TransportEntry): Plain {
  return comment === undefined ? nextHop : { next_hop: nextHop, comment }
}

function rewriteOf({ pattern, domain, replacements, comment }: Rewrite): Plain {
  return {
    pattern: `/${pattern.source}/`,
    to: replacements,
    ...(domain === undefined ? {} : { domain }),
    ...(comment === undefined ? {} : { comment }),
  }
}

/** A value as written; the text if YAML reads it as another type, because readers use the text. */
function valueOf(value: Located): Plain {
  if (value.kind === 'list') return value.items.map(valueOf)
  if (value.kind === 'map') return mapOf(value.entries.map((entry) => [entry.key, valueOf(entry.value)]))
  const isAsWritten = value.written === undefined || value.written === String(value.value)
  return isAsWritten ? value.value : value.written
}
