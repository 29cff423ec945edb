// A snapshot: routing data compiled into immutable maps that answer at once. A reload makes a new one.

import type { Mailbox } from '../smtp/mailbox.ts'
import { addressKey, printAddress } from './address.ts'
import type {
  AddressRecord,
  Directory,
  DomainRecord,
  ForwardWords,
  Grant,
  ListEntry,
  Lookup,
  Rewrite,
  TargetEntry,
} from './directory.ts'
import type { Located } from './located.ts'
import type { SnapshotBuilder, UserEntry } from './read/snapshot-builder.ts'

/** A directory that answers from memory. */
export interface Snapshot extends Directory {
  find(key: string): Lookup<AddressRecord>
  grants(user: string): Lookup<readonly Grant[]>
  /** The user's own addresses; name@main domain for a user that no file lists. */
  ownAddresses(user: string): readonly Mailbox[]
  /** Aliases and forwards that name this address directly and have no send-as list. */
  aliasGrants(address: Mailbox): readonly Grant[]
  readonly domains: ReadonlyMap<string, DomainRecord>
  readonly addresses: ReadonlyMap<string, AddressRecord>
  /** Users by name in lower case. */
  readonly users: ReadonlyMap<string, UserEntry>
  /** Foreign domain → the terms for forwards to it. */
  readonly forwardPolicies: ReadonlyMap<string, ForwardWords>
  readonly listEntries: readonly ListEntry[]
  /** Certificate fingerprints by machine or person, as in the data. */
  readonly certificates: ReadonlyMap<string, readonly string[]>
  /** The routing assertions as written, or null. */
  readonly assertions: Located | null
}

const ABSENT: Lookup<never> = { kind: 'absent' }

/** Makes the snapshot of a builder, which must not be used afterwards. */
export function compileSnapshot(builder: SnapshotBuilder): Snapshot {
  const { mainDomain, domains, addresses, users, rewrites, certificates, assertions, forwardPolicies } = builder
  const { listEntries } = builder
  let named: ReadonlyMap<string, readonly Grant[]> | null = null
  // Built at the first use: nodes without submission never need it.
  const index = () => (named ??= indexGrants(addresses))
  const ownAddresses = (user: string) => users.get(user)?.addresses ?? [{ local: user, domain: mainDomain }]
  return {
    mainDomain,
    domains,
    addresses,
    users,
    rewrites: rewrites as readonly Rewrite[],
    certificates,
    assertions,
    forwardPolicies,
    listEntries,
    domain: (name) => domains.get(name),
    forwardPolicy: (name) => forwardPolicies.get(name),
    find: (key) => {
      const value = addresses.get(key)
      return value ? { kind: 'found', value } : ABSENT
    },
    grants: (user) => ({
      kind: 'found',
      value: grantsOf(user, { own: ownAddresses(user), source: users.get(user)?.source, named: index() }),
    }),
    ownAddresses,
    aliasGrants: (address) => index().get(`to ${addressKey(address)}`) ?? [],
  }
}

/** Own addresses, then aliases that name one of them, then send-as lists. An unlisted user owns name@main domain. */
function grantsOf(
  user: string,
  by: {
    readonly own: readonly Mailbox[]
    readonly source: string | undefined
    readonly named: ReadonlyMap<string, readonly Grant[]>
  },
): readonly Grant[] {
  const { own, source = 'configuration' } = by
  const grants = new Map<string, Grant>()
  const add = (grant: Grant) => {
    if (!grants.has(grant.address)) grants.set(grant.address, grant)
  }
  for (const address of own) add({ address: printAddress(address).toLowerCase(), source })
  for (const address of own) by.named.get(`to ${addressKey(address)}`)?.forEach(add)
  by.named.get(`user ${user}`)?.forEach(add)
  by.named.get('user *')?.forEach(add)
  return [...grants.values()]
}

function indexGrants(addresses: ReadonlyMap<string, AddressRecord>): ReadonlyMap<string, readonly Grant[]> {
  const index = new Map<string, Grant[]>()
  const add = (key: string, grant: Grant) => {
    const list = index.get(key)
    if (list) list.push(grant)
    else index.set(key, [grant])
  }
  for (const [address, record] of addresses) {
    for (const user of record.sendAs?.users ?? []) add(`user ${user}`, { address, source: record.sendAs?.source ?? '' })
    for (const entry of [record.alias, record.forward]) if (entry) indexEntry(address, entry, add)
  }
  return index
}

function indexEntry(address: string, entry: TargetEntry, add: (key: string, grant: Grant) => void): void {
  const grant = { address, source: entry.source }
  if (entry.sendAs) for (const user of entry.sendAs) add(`user ${user}`, grant)
  else for (const target of entry.targets) add(`to ${addressKey(target)}`, grant)
}
