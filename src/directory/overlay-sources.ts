// One directory of files and sources: an entry in the files takes precedence, sources fill in the rest. An address that an unavailable
// source may know is unavailable (451), never unknown.

import { domainOf } from '../smtp/mailbox.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { addressKey, isAlwaysAccepted, parseAddress, printAddress } from './address.ts'
import type { AddressRecord, Directory, Grant, GrantsLookup, Lookup, Mutable } from './directory.ts'
import type { Snapshot } from './snapshot.ts'
import type { ExternalSource, AliasGrants, SourceAnswer } from './external-source.ts'

const ABSENT: Lookup<never> = { kind: 'absent' }

/** Adds the current sources to the files; the first source with an entry applies. */
export function overlaySources(files: Snapshot, sources: () => readonly ExternalSource[]): Directory {
  return {
    mainDomain: files.mainDomain,
    rewrites: files.rewrites,
    domains: files.domains,
    listEntries: files.listEntries,
    domain: (name) => files.domain(name),
    forwardPolicy: (name) => files.forwardPolicies.get(name),
    find: (key) => {
      const own = files.find(key)
      const record = own.kind === 'found' ? own.value : null
      const domain = domainOf(key)
      const matching = sources().filter((source) => source.domains.has(domain))
      if (matching.length === 0 || (record && isDecided(record, key))) return own
      const answers = matching.map((source) => source.find(key))
      const atOnce = answers.filter((answer): answer is SourceAnswer => !(answer instanceof Promise))
      if (atOnce.length === answers.length) return merge(key, record, atOnce)
      return Promise.all(answers.map(async (answer) => await answer)).then((all) => merge(key, record, all))
    },
    grants: (user) => grants(files, sources(), user),
  }
}

/** True if no entry of a source can change the resolution of the address. */
function isDecided(record: AddressRecord, key: string): boolean {
  if (record.refusal || record.discard || record.forward || record.transport) return true
  // An alias that names its own address keeps a copy, and a source may have the forward for it.
  return record.alias !== undefined && !record.alias.targets.some((target) => addressKey(target) === key)
}

function merge(key: string, record: AddressRecord | null, answers: readonly SourceAnswer[]): Lookup<AddressRecord> {
  const value: Mutable<AddressRecord> = { ...record }
  for (const answer of answers) {
    if (answer.record && !isDecided(value, key)) fill(value, answer.record)
  }
  const incomplete = answers.find((answer) => answer.incomplete !== null)?.incomplete ?? null
  if (incomplete !== null && !isDecided(value, key) && !isAlwaysAccepted(key))
    return { kind: 'unavailable', cause: incomplete }
  return Object.keys(value).length === 0 ? ABSENT : { kind: 'found', value }
}

/** Sets every field that has no value yet. */
function fill(value: Mutable<AddressRecord>, from: AddressRecord): void {
  value.alias ??= from.alias
  value.forward ??= from.forward
  value.user ??= from.user
  for (const field of ['alias', 'forward', 'user'] as const) if (value[field] === undefined) delete value[field]
}

/** Known grants stay valid while a source is unavailable; only a missing grant is then uncertain. */
async function grants(files: Snapshot, sources: readonly ExternalSource[], user: string): Promise<GrantsLookup> {
  const known = files.grants(user)
  const found = new Map<string, Grant>()
  const add = (grant: Grant) => {
    if (!found.has(grant.address)) found.set(grant.address, grant)
  }
  if (known.kind === 'found') for (const grant of known.value) add(grant)
  const own = [...files.ownAddresses(user)]
  let incomplete: string | null = null
  for (const source of sources) {
    const answer = await source.user(user)
    if (answer.kind === 'unavailable') incomplete ??= answer.cause
    if (answer.kind !== 'found') continue
    incomplete ??= answer.incomplete ?? null
    for (const address of answer.value.addresses) {
      own.push(address)
      add({ address: printAddress(address).toLowerCase(), source: answer.value.source })
      files.aliasGrants(address).forEach(add)
    }
  }
  for (const more of await Promise.all(
    sources.flatMap((source) => own.map((address) => aliasGrantsOf(source, address))),
  )) {
    incomplete ??= more.incomplete
    for (const grant of more.grants) if (!isHidden(files, grant)) add(grant)
  }
  return { kind: 'found', value: [...found.values()], ...(incomplete === null ? {} : { incomplete }) }
}

async function aliasGrantsOf(source: ExternalSource, address: Mailbox): Promise<AliasGrants> {
  return await source.aliasGrants(address)
}

/** True if an entry in the files replaces the source's alias. */
function isHidden(files: Snapshot, grant: Grant): boolean {
  const address: Mailbox | null = parseAddress(grant.address)
  const record = address ? files.find(addressKey(address)) : ABSENT
  return record.kind === 'found' && isDecided(record.value, grant.address)
}
