// The directory's contract: what routing asks about an address or a domain, whether YAML, LDAP or SQL holds the data. A look-up is found,
// absent or unavailable; unavailable never means absent.

import type { Mailbox } from '../smtp/mailbox.ts'

export type Lookup<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** At once from a snapshot, later from a live source. */
export type LookupResult<T> = Lookup<T> | Promise<Lookup<T>>

/** Entries in a chain: people nest groups three or four deep, longer is a mistake in the data. */
export const CHAIN_LIMIT = 50
/** Postfix's virtual_alias_expansion_limit: more final addresses are a mailing list and belong on a list host. */
export const EXPANSION_LIMIT = 1000
/** Addresses looked at on the way from one: groups and persons between it and the last thousand. */
export const VISIT_LIMIT = 5 * EXPANSION_LIMIT

/** Everything here names where it is written: `file:line`, or an LDAP DN. */
interface Sourced {
  readonly source: string
}

/** What becomes of a forwarded mail that the destination's DMARC check would refuse. */
export const forwardTreatments = ['pass', 'rewrite-from', 'wrap', 'refuse'] as const
export type ForwardTreatment = (typeof forwardTreatments)[number]

/** A treatment that somebody asked for. */
export interface ForwardAction extends Sourced {
  readonly treatment: ForwardTreatment
}

/** The spam score from which on nothing is forwarded; null for none. */
export interface SpamCeiling extends Sourced {
  readonly score: number | null
}

/** What an entry, or a foreign domain, says of mail that leaves our domains by a forward. */
export interface ForwardWords extends Sourced {
  /** What to do where DMARC would fail at the destination. */
  readonly whenDmarcWouldFail?: ForwardTreatment
  /** As in SpamCeiling. */
  readonly spamCeiling?: number | null
}

/** Targets of an alias or forward; its words about forwarding are for targets outside our domains. */
export interface TargetEntry extends ForwardWords {
  readonly targets: readonly Mailbox[]
  /** What becomes of `+tag`; without it, kept inside our domains and dropped outside. */
  readonly tag?: 'keep' | 'drop'
  /** Users who may send as this address; undefined means those whom it names directly, empty means nobody. */
  readonly sendAs?: readonly string[]
  /** For people who read the answer of a look-up. */
  readonly comment?: string
}

export interface TransportEntry extends Sourced {
  /** Written form of smtp/nexthop.ts. */
  readonly nextHop: string
  readonly comment?: string
}

export interface TextEntry extends Sourced {
  readonly text: string
}

/** All that is known of one address; any part may be missing. */
export interface AddressRecord {
  readonly refusal?: TextEntry
  readonly discard?: TextEntry
  readonly alias?: TargetEntry
  readonly forward?: TargetEntry
  readonly transport?: TransportEntry
  /** A host's own alias: counts only where the organisation says nothing. */
  readonly hostAlias?: TargetEntry
  /** Copies that this address causes (recipient_bcc). */
  readonly copies?: TargetEntry
  /** The person whose own address this is. */
  readonly user?: Sourced & { readonly name: string }
  /** Users who may send as this address besides what the alias says. */
  readonly sendAs?: Sourced & { readonly users: readonly string[] }
}

/** All that is known of one domain of ours. */
export interface DomainRecord extends Sourced {
  /** Every address here means the same local part there. */
  readonly aliasOf?: Sourced & { readonly domain: string }
  /** Takes every address that nothing else names. */
  readonly transport?: TransportEntry
  /** Names that are always answered here, besides postmaster and abuse. */
  readonly roles?: readonly string[]
  /** The last resort. */
  readonly catchAll?: TargetEntry
}

/** A regular expression over the whole address, or over the local part at one domain; the first that matches counts. */
export interface Rewrite extends Sourced {
  readonly pattern: RegExp
  readonly domain?: string
  /** Full addresses, with `$1` … in the local part only. */
  readonly replacements: readonly string[]
  readonly comment?: string
}

/** One address that a user may send as. */
export interface Grant extends Sourced {
  readonly address: string
}

export type GrantsLookup =
  /** `doubt`: why there may be more than these. */
  | { readonly kind: 'found'; readonly value: readonly Grant[]; readonly incomplete?: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface Directory {
  /** Bare names belong to it. */
  readonly mainDomain: string
  readonly rewrites: readonly Rewrite[]
  /** A domain of ours in normal form, or undefined if it is not ours. */
  domain(name: string): DomainRecord | undefined
  /** What holds for forwards to this foreign domain, unless the forward says it itself. */
  forwardPolicy?(domain: string): ForwardWords | undefined
  /** What an address is; `key` as addressKey makes it. */
  find(key: string): LookupResult<AddressRecord>
  /** What this user may send as: own addresses first. Absent if no source knows the user. `user` is in lower case, without domain. */
  grants(user: string): GrantsLookup | Promise<GrantsLookup>
}
