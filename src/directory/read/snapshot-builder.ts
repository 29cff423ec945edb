// The mutable data of a load: readers add to it, and the snapshot is made from it.

import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey, normalDomain, parseAddress } from '../address.ts'
import type {
  AddressRecord,
  DomainRecord,
  ForwardWords,
  ListEntry,
  Mutable,
  Rewrite,
  TargetEntry,
} from '../directory.ts'
import type { Located } from '../located.ts'
import { formatPlace, parsePlace } from '../data-problem.ts'
import type { Place, ProblemList } from '../data-problem.ts'

export interface UserEntry {
  readonly name: string
  readonly addresses: readonly Mailbox[]
  /** The display name. */
  readonly fullName?: string
  readonly comment?: string
  readonly source: string
}

export interface SnapshotBuilder {
  readonly mainDomain: string
  readonly problems: ProblemList
  readonly domains: Map<string, Mutable<DomainRecord>>
  readonly addresses: Map<string, Mutable<AddressRecord>>
  readonly users: Map<string, UserEntry>
  readonly rewrites: Rewrite[]
  readonly certificates: Map<string, readonly string[]>
  readonly forwardPolicies: Map<string, ForwardWords>
  readonly listEntries: ListEntry[]
  /** `list name` → the source of the entry with this name. */
  readonly listNames: Map<string, string>
  assertions: Located | null
  /** The place of each target, for messages. */
  readonly targetPlaces: Map<TargetEntry, readonly Place[]>
  /** `section address` of entries declared absent, with the place. */
  readonly removed: Map<string, Place>
  /** Domains listed as verifiable or unverifiable. */
  readonly verifiable: { readonly domain: string; readonly is: boolean; readonly place: Place }[]
  /** True for an address of ours that LDAP or SQL has or may have. */
  isKnownElsewhere: (key: string) => boolean
  /** True while levels of a hierarchy are read, which override each other; separate files must not repeat an entry. */
  overriding: boolean
}

/** An empty builder; the main domain is ours without being listed. */
export function createBuilder(mainDomain: string, problems: ProblemList): SnapshotBuilder {
  return {
    mainDomain,
    problems,
    domains: new Map([[mainDomain, { source: 'configuration' }]]),
    addresses: new Map(),
    users: new Map(),
    rewrites: [],
    certificates: new Map(),
    forwardPolicies: new Map(),
    listEntries: [],
    listNames: new Map(),
    assertions: null,
    targetPlaces: new Map(),
    removed: new Map(),
    verifiable: [],
    isKnownElsewhere: () => false,
    overriding: false,
  }
}

/** Reads an address or a bare name (which belongs to the main domain). Null, with a problem reported, for other texts. */
export function readAddress(builder: SnapshotBuilder, text: string, place: Place): Mailbox | null {
  const trimmed = text.trim()
  const unusable = reasonUnusable(trimmed)
  const address = unusable ? null : parseAddress(trimmed.includes('@') ? trimmed : `${trimmed}@${builder.mainDomain}`)
  if (!address) builder.problems.error(place, unusable ?? `"${trimmed}" is not an address`)
  return address
}

/** As readAddress, for keys: the address must be in a domain of ours. */
export function readOwnAddress(builder: SnapshotBuilder, text: string, place: Place): Mailbox | null {
  if (/^(?:\*?@.*|\*)$/.test(text.trim())) {
    builder.problems.error(
      place,
      `"${text}" is not an address: use mail::catch_all for a whole domain, mail::rewrites for a pattern`,
    )
    return null
  }
  const address = readAddress(builder, text, place)
  if (!address || builder.domains.has(address.domain)) return address
  builder.problems.error(
    place,
    `${address.domain} is not a domain of ours: add it to mail::domains or mail::alias_domains`,
  )
  return null
}

/** Reads a domain name; null, with a problem reported, for other texts. */
export function readDomain(builder: SnapshotBuilder, text: string, place: Place): string | null {
  const domain = normalDomain(text.trim())
  if (domain !== null && domain.includes('.') && !domain.startsWith('[')) return domain
  builder.problems.error(place, `"${text}" is not a domain name`)
  return null
}

/** The record of an address, created if missing. */
export function recordOf(builder: SnapshotBuilder, address: Mailbox): Mutable<AddressRecord> {
  const key = addressKey(address)
  const known = builder.addresses.get(key)
  if (known) return known
  const made: Mutable<AddressRecord> = {}
  builder.addresses.set(key, made)
  return made
}

/** Sets a field once; a second value is an error, or a warning if a higher level of a hierarchy hides it. */
export function setOnce<T extends object, K extends keyof T>(
  builder: SnapshotBuilder,
  slot: { readonly record: T; readonly field: K; readonly name: string },
  value: T[K] & { readonly source: string },
  place: Place,
): void {
  const known = slot.record[slot.field] as { readonly source: string } | undefined
  if (known === undefined) {
    slot.record[slot.field] = value
    return
  }
  const otherFile = parsePlace(known.source).file !== place.file
  if (builder.overriding && otherFile) builder.problems.warn(place, `"${slot.name}" is hidden by ${known.source}`)
  else builder.problems.error(place, `duplicate "${slot.name}", first written at ${known.source}`)
}

/** The place as the source of a resolution step. */
export function sourceAt(place: Place): string {
  return formatPlace(place)
}

function reasonUnusable(text: string): string | null {
  // The decoder's replacement for octets that are not UTF-8 (mostly ISO 8859-1).
  if (text.includes('\ufffd')) return `"${text}" contains octets that are not UTF-8: save the file as UTF-8`
  if (text.startsWith('ENC[')) {
    return 'encrypted value (eyaml): Waypost cannot decrypt it; write the address in plain text, or remove it'
  }
  if (text.startsWith('|')) return `"${text}" is a command: Waypost runs no programs; use a transport`
  if (text.startsWith(':include:')) return `"${text}": include files are not read; write the addresses as a list`
  if (text.startsWith('/')) return `"${text}" is a file: Waypost has no mailboxes; use a transport`
  if (/\.(?:age|gpg|eyaml)$/.test(text)) return `"${text}" is an encrypted file: write the address in plain text`
  if (/^encrypted\+[0-9a-f]+$/.test(text)) return `"${text}" is an encrypted address: write it in plain text`
  if (/^user=\S+\s/.test(text))
    return `"${text}" is a line of a virtual-domain file: name its aliases(5) file under "mail:"`
  return text === '' ? 'an empty text is not an address' : null
}
