// The contract of a source beside the files: LDAP or SQL, mirrored or live. Files take precedence; sources add what the files do not contain.
// An answer may be found and incomplete at once: what is known, and why there may be more.

import type { Mailbox } from '../smtp/mailbox.ts'
import type { AddressRecord, Grant } from './directory.ts'

export interface SourceAnswer {
  /** What the source says of the address; null if it knows nothing of it. */
  readonly record: AddressRecord | null
  /** Why the record, or its absence, cannot be relied on at this moment; null if it can. */
  readonly incomplete: string | null
}

export interface SourceUser {
  readonly addresses: readonly Mailbox[]
  readonly source: string
  /** Hash as written there; only of a source that is asked live, a mirror keeps them apart. */
  readonly password?: string
}

export type SourceUserAnswer =
  /** `doubt`: it was so when the source answered last, and it does not answer now. */
  | { readonly kind: 'found'; readonly value: SourceUser; readonly incomplete?: string }
  | { readonly kind: 'absent' }
  /** `wasAbsent`: when it answered last, it did not know the user. */
  | { readonly kind: 'unavailable'; readonly cause: string; readonly wasAbsent?: boolean }

export interface AliasGrants {
  readonly grants: readonly Grant[]
  /** Why there may be others; null if these are all. */
  readonly incomplete: string | null
}

export interface ExternalSource {
  /** `ldap` or `sql:NAME`. */
  readonly name: string
  /** Domains whose addresses it may name; others are never asked of it. */
  readonly domains: ReadonlySet<string>
  /** `key` as addressKey makes it, of one of its domains. */
  find(key: string): SourceAnswer | Promise<SourceAnswer>
  /** False if the address is certainly none of its; at once, without asking anybody. */
  mayKnow(key: string): boolean
  /** Whose addresses are these? `name` in lower case, without domain. */
  user(name: string): SourceUserAnswer | Promise<SourceUserAnswer>
  /** Its aliases that name this address directly: whoever owns it may send as them. */
  aliasGrants(address: Mailbox): AliasGrants | Promise<AliasGrants>
}
