// The directory's contract: what routing asks about an address or a domain, whether YAML, LDAP or SQL holds the data. A look-up is found,
// absent or unavailable; unavailable never means absent.

import type { Mailbox } from '../smtp/mailbox.ts'

export type Lookup<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** A snapshot answers synchronously, a live source asynchronously. */
export type LookupResult<T> = Lookup<T> | Promise<Lookup<T>>

/** Entries in a chain. Sites nest groups three or four levels deep; a longer chain is a mistake. */
export const CHAIN_LIMIT = 50
/** Final addresses, as Postfix's virtual_alias_expansion_limit: a larger group belongs on a list server. */
export const EXPANSION_LIMIT = 1000
/** Addresses visited in one resolution: the final ones, and the groups and people between. */
export const VISIT_LIMIT = 5 * EXPANSION_LIMIT

/** `file:line`, or an LDAP DN. */
interface Sourced {
  readonly source: string
}

/** What to do with a forward that would fail DMARC at its destination. */
export const forwardTreatments = ['pass', 'rewrite-from', 'wrap', 'reject'] as const
export type ForwardTreatment = (typeof forwardTreatments)[number]

/** A treatment, and the entry or policy that asks for it. */
export interface ForwardAction extends Sourced {
  readonly treatment: ForwardTreatment
}

/** The spam score from which on a message is not forwarded; null for no limit. */
export interface SpamCeiling extends Sourced {
  readonly score: number | null
}

/** The terms of an entry, or of a foreign domain, for messages that leave our domains by a forward. */
export interface ForwardWords extends Sourced {
  /** What to do if DMARC would fail at the destination. */
  readonly whenDmarcWouldFail?: ForwardTreatment
  /** As in SpamCeiling. */
  readonly spamCeiling?: number | null
}

/** Targets of an alias or forward; its forward terms apply to foreign targets. */
export interface TargetEntry extends ForwardWords {
  readonly targets: readonly Mailbox[]
  /** Whether targets keep `+tag`; by default they keep it inside our domains only. */
  readonly tag?: 'keep' | 'drop'
  /** Users that may send as this address. Undefined: the users whose addresses are its targets. Empty: none. */
  readonly sendAs?: readonly string[]
  /** Shown by `explain`. */
  readonly comment?: string
}

export interface TransportEntry extends Sourced {
  /** In the format of smtp/nexthop.ts. */
  readonly nextHop: string
  readonly comment?: string
}

export interface TextEntry extends Sourced {
  readonly text: string
}

/** The entries of one address. */
export interface AddressRecord {
  readonly refusal?: TextEntry
  readonly discard?: TextEntry
  readonly alias?: TargetEntry
  readonly forward?: TargetEntry
  readonly transport?: TransportEntry
  /** An alias of a host; applies only if the address has no other entry. */
  readonly hostAlias?: TargetEntry
  /** Copies of mail for this address (recipient_bcc). */
  readonly copies?: TargetEntry
  /** The user whose own address this is. */
  readonly user?: Sourced & { readonly name: string }
  /** Users that may send as this address, in addition to those of the alias. */
  readonly sendAs?: Sourced & { readonly users: readonly string[] }
}

/** The entries of one domain of ours. */
export interface DomainRecord extends Sourced {
  /** Each address stands for the same local part at that domain. */
  readonly aliasOf?: Sourced & { readonly domain: string }
  /** For every address without an entry. */
  readonly transport?: TransportEntry
  /** Local parts that this domain always accepts, in addition to postmaster and abuse. */
  readonly roles?: readonly string[]
  /** For addresses that nothing else resolves. */
  readonly catchAll?: TargetEntry
}

/** A regular expression over the whole address, or over the local part at one domain; the first match applies. */
export interface Rewrite extends Sourced {
  readonly pattern: RegExp
  readonly domain?: string
  /** Full addresses, with `$1` … in the local part only. */
  readonly replacements: readonly string[]
  readonly comment?: string
}

/** The two lists of an operator's own. */
export type ListName = 'allow' | 'block'

/**
 * What an entry of an own list is about: one of the values of each condition must match, and every condition must. A domain with a leading
 * dot means that domain and all below it.
 */
export interface ListConditions {
  /** The address of the client, in the form of `parseNetwork`. */
  readonly network?: readonly string[]
  /** The forward-confirmed name of the client. */
  readonly host?: readonly string[]
  /** The name in EHLO, in lower case. */
  readonly helo?: readonly string[]
  /** The reverse-path: keys of addresses; empty text for the null sender. */
  readonly sender?: readonly string[]
  readonly senderDomain?: readonly string[]
  /** Keys of addresses of ours. */
  readonly recipient?: readonly string[]
  readonly recipientDomain?: readonly string[]
  /** The domain of an author (From:). */
  readonly fromDomain?: readonly string[]
}

/** The keys of the conditions in routing data. */
export const conditionKeys: Readonly<Record<keyof ListConditions, string>> = {
  network: 'network',
  host: 'host',
  helo: 'helo',
  sender: 'sender',
  senderDomain: 'sender_domain',
  recipient: 'recipient',
  recipientDomain: 'recipient_domain',
  fromDomain: 'from_domain',
}

export interface ListEntry extends Sourced {
  readonly list: ListName
  /** Null in a list without names. */
  readonly name: string | null
  readonly conditions: ListConditions
  /** The text of the refusal; undefined for the usual one. */
  readonly reply?: string
  /** Unix milliseconds from which on it has no effect. */
  readonly until?: number
  readonly comment?: string
}

/** A record while it is built. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** An address that a user may send as. */
export interface Grant extends Sourced {
  readonly address: string
}

export type GrantsLookup =
  /** `incomplete`: why there may be more grants. */
  | { readonly kind: 'found'; readonly value: readonly Grant[]; readonly incomplete?: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface Directory {
  /** Bare names belong to it. */
  readonly mainDomain: string
  readonly rewrites: readonly Rewrite[]
  /** Our domains in normal form. */
  readonly domains: ReadonlyMap<string, DomainRecord>
  /** The record of a domain in normal form; undefined if it is not ours. */
  domain(name: string): DomainRecord | undefined
  /** The own lists, in the order of the files. */
  readonly listEntries?: readonly ListEntry[]
  /** The terms for forwards to this foreign domain, unless their entries have terms. */
  forwardPolicy?(domain: string): ForwardWords | undefined
  /** The entries of an address; `key` as addressKey makes it. */
  find(key: string): LookupResult<AddressRecord>
  /** What this user (lower case, no domain) may send as, own addresses first; absent if no source knows the user. */
  grants(user: string): GrantsLookup | Promise<GrantsLookup>
}
