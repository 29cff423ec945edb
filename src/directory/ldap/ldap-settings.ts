// The settings of the LDAP source, with all files read and all values checked.

import type { SourceTls } from '../source-tls.ts'
import type { ReferralChoice } from './search-references.ts'

export interface LdapServerSettings {
  /** `ldap://host:port` or `ldaps://host:port`; tried in this order, after the server that answered last. */
  readonly urls: readonly string[]
  /** StartTLS on ldap:// before any other request (RFC 4513 3). */
  readonly startTls: boolean
  readonly tls: SourceTls
  readonly bind: LdapBind
  /** Limit for a connection with its bind, and for each answer, ms. */
  readonly timeoutMs: number
  /** Limit of open connections. */
  readonly connections: number
}

export type LdapBind =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'simple'; readonly dn: string; readonly password: string }
  /** By the client certificate (SASL EXTERNAL, RFC 4422 appendix A). */
  | { readonly kind: 'external' }

/** The entries of people, and the meaning of their attributes. */
export interface LdapUsers {
  readonly base: string
  readonly filter: string
  readonly attributes: {
    /** Login name; name@main domain is always an own address. */
    readonly user: string
    /** Further own addresses. */
    readonly addresses: readonly string[]
    /** The forward of the own addresses. */
    readonly forward: string
    /** The password hash with its scheme; null if passwords are kept elsewhere. */
    readonly password: string | null
  }
}

/** Entries that are aliases, such as nisMailAlias. */
export interface LdapAliases {
  readonly base: string
  readonly filter: string
  readonly attributes: { readonly address: string; readonly targets: string }
}

export interface LdapShape {
  readonly users: LdapUsers
  readonly aliases: LdapAliases | null
  /** References to other servers that are not followed. */
  readonly referrals: ReferralChoice
}
