// Finds the entries of the own lists that match a message. Each entry is in a table under one of its conditions, the one with the fewest
// other entries: so a look-up reads the entries with the same key, and not all of them.

import { addressKey, normalDomain, parseAddress, splitTag } from '../../directory/address.ts'
import type { Directory, ListConditions, ListEntry, ListName } from '../../directory/directory.ts'
import type { ListSubject, OwnLists } from '../operator-lists.ts'
import type { RouterSettings } from '../router-settings.ts'
import { addressKeys, domainKeys, networkKey, networkLength } from './list-keys.ts'

type Condition = keyof ListConditions
/** The keys of a message by condition; none where nothing is known. */
type Keys = Readonly<Record<Condition, ReadonlySet<string>>>

interface Placed {
  readonly entry: ListEntry
  readonly order: number
  readonly keys: readonly (readonly [Condition, readonly string[]])[]
}

interface Index {
  /** `condition key` → entries. */
  readonly table: Map<string, Placed[]>
  /** Prefix lengths of networks by the octets of their family. */
  readonly lengths: Map<number, Set<number>>
}

type Lists = Pick<Directory, 'listEntries' | 'mainDomain' | 'domain'>

export function createOwnLists(
  directory: Lists,
  { tagDelimiter = '+' }: Pick<RouterSettings, 'tagDelimiter'>,
): OwnLists {
  const entries = directory.listEntries ?? []
  const index: Record<ListName, Index> = { allow: indexOf(entries, 'allow'), block: indexOf(entries, 'block') }
  return {
    entries,
    allowsHosts: entries.some(({ list, conditions }) => list === 'allow' && conditions.host !== undefined),
    find: (list, subject) => {
      // Most nodes have no lists, and each recipient asks.
      if (index[list].table.size === 0) return []
      const keys = keysOf(subject, index[list], { directory, tagDelimiter })
      return candidates(index[list], keys)
        .filter(({ entry, keys: wanted }) => isValid(entry, subject.at) && wanted.every((one) => matches(one, keys)))
        .toSorted((a, b) => a.order - b.order)
        .map(({ entry }) => entry)
    },
  }
}

function isValid({ until }: ListEntry, at: number): boolean {
  return until === undefined || at < until
}

function indexOf(entries: readonly ListEntry[], list: ListName): Index {
  const index: Index = { table: new Map(), lengths: new Map() }
  for (const [order, entry] of entries.entries()) if (entry.list === list) place(index, entry, order)
  return index
}

function place({ table, lengths }: Index, entry: ListEntry, order: number): void {
  const conditions = Object.entries(entry.conditions) as readonly [Condition, readonly string[]][]
  for (const network of entry.conditions.network ?? []) {
    const [octets, bits] = networkLength(network)
    lengths.set(octets, (lengths.get(octets) ?? new Set()).add(bits))
  }
  const keys = conditions.map(
    ([condition, values]) => [condition, condition === 'network' ? values.map(networkKey) : values] as const,
  )
  const fill = (condition: Condition, values: readonly string[]) =>
    values.reduce((most, value) => Math.max(most, table.get(`${condition} ${value}`)?.length ?? 0), 0)
  const [best] = keys.toSorted(([a, inA], [b, inB]) => fill(a, inA) - fill(b, inB))
  for (const value of best?.[1] ?? []) {
    const key = `${best?.[0]} ${value}`
    const known = table.get(key)
    const placed = { entry, order, keys }
    if (known) known.push(placed)
    else table.set(key, [placed])
  }
}

/** Each entry once: values of one condition can overlap. */
function candidates({ table }: Index, keys: Keys): readonly Placed[] {
  const found = new Map<number, Placed>()
  for (const [condition, values] of Object.entries(keys))
    for (const value of values) for (const one of table.get(`${condition} ${value}`) ?? []) found.set(one.order, one)
  return [...found.values()]
}

function matches([condition, wanted]: readonly [Condition, readonly string[]], keys: Keys): boolean {
  return wanted.some((value) => keys[condition].has(value))
}

interface Naming {
  readonly directory: Lists
  readonly tagDelimiter: string
}

const none: ReadonlySet<string> = new Set()

function keysOf(subject: ListSubject, { lengths }: Index, naming: Naming): Keys {
  const { ip, host, helo, sender, authors } = subject
  const domain = sender === null ? null : (parseAddress(sender)?.domain ?? null)
  const recipients = recipientKeys(subject.recipient, naming)
  return {
    network: ip === null ? none : new Set(addressKeys(ip, lengths)),
    host: host === null ? none : new Set(domainKeys(host.toLowerCase())),
    helo: helo === null ? none : heloKeys(helo),
    sender: senderKeys(sender, naming),
    senderDomain: domain === null ? none : new Set(domainKeys(domain)),
    recipient: new Set(recipients),
    recipientDomain: new Set(recipients.flatMap((one) => domainKeys(one.slice(one.lastIndexOf('@') + 1)))),
    fromDomain: new Set((authors ?? []).flatMap((one) => domainKeys(normalDomain(one) ?? one))),
  }
}

function heloKeys(helo: string): ReadonlySet<string> {
  const name = helo.toLowerCase().replace(/\.$/, '')
  return new Set(domainKeys(name))
}

/** A sender is compared without case and also without its `+tag`, by which services sort bounces. */
function senderKeys(sender: string | null, { tagDelimiter }: Naming): ReadonlySet<string> {
  if (sender === null) return new Set([''])
  const address = parseAddress(sender)
  if (address === null) return none
  const split = splitTag(address.local, tagDelimiter)
  return new Set([addressKey(address), ...(split ? [addressKey({ ...address, local: split.base })] : [])])
}

/** As given, without its tag, and both at the main domain of an alias domain: all of them are one mailbox. */
function recipientKeys(text: string, { directory, tagDelimiter }: Naming): readonly string[] {
  const address =
    text.toLowerCase() === 'postmaster' ? { local: 'postmaster', domain: directory.mainDomain } : parseAddress(text)
  if (address === null) return []
  const split = splitTag(address.local, tagDelimiter)
  const main = directory.domain(address.domain)?.aliasOf?.domain
  const locals = [address.local, ...(split ? [split.base] : [])]
  return [address.domain, ...(main === undefined ? [] : [main])].flatMap((domain) =>
    locals.map((local) => addressKey({ local, domain })),
  )
}
