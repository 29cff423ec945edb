// The contract of a source beside the files: LDAP or SQL, mirrored or live. Files take precedence over sources.
// An answer may be found and incomplete at once: what is known, and why there may be more.

import type { Mailbox } from '../smtp/mailbox.ts'
import type { AddressRecord, Grant } from './directory.ts'

export interface SourceAnswer {
  /** The entries of the address; null if the source does not know it. */
  readonly record: AddressRecord | null
  /** Why the record, or its absence, may be out of date; null if it is current. */
  readonly incomplete: string | null
}

export interface SourceUser {
  readonly addresses: readonly Mailbox[]
  readonly source: string
  /** The password hash. Only live sources have it; a mirror keeps hashes separately. */
  readonly password?: string
}

export type SourceUserAnswer =
  /** `incomplete`: the source is unavailable; the value is that of its last answer. */
  | { readonly kind: 'found'; readonly value: SourceUser; readonly incomplete?: string }
  | { readonly kind: 'absent' }
  /** `wasAbsent`: the source did not know the user in its last answer. */
  | { readonly kind: 'unavailable'; readonly cause: string; readonly wasAbsent?: boolean }

export interface AliasGrants {
  readonly grants: readonly Grant[]
  /** Why there may be more; null if these are all. */
  readonly incomplete: string | null
}

export interface ExternalSource {
  /** `ldap` or `sql:NAME`. */
  readonly name: string
  /** Domains whose addresses it may have; it is not queried for others. */
  readonly domains: ReadonlySet<string>
  /** `key` as addressKey makes it, of one of its domains. */
  find(key: string): SourceAnswer | Promise<SourceAnswer>
  /** False if the source certainly does not have the address; answers without a query. */
  mayHave(key: string): boolean
  /** The user of this name, in lower case without domain. */
  user(name: string): SourceUserAnswer | Promise<SourceUserAnswer>
  /** Its aliases that name this address directly; the address's user may send as them. */
  aliasGrants(address: Mailbox): AliasGrants | Promise<AliasGrants>
}
