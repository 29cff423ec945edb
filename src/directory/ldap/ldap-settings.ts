// The settings of the LDAP source, with all files read and all values checked.

export interface LdapServerSettings {
  /** `ldap://host:port` or `ldaps://host:port`; tried in this order, the one that answered last first. */
  readonly urls: readonly string[]
  /** StartTLS on ldap:// before anything else is said (RFC 4513 3). */
  readonly startTls: boolean
  readonly tls: LdapTls
  readonly bind: LdapBind
  /** Longest wait for a connection with its bind, and for each answer; milliseconds. */
  readonly timeoutMs: number
  /** Connections at most. */
  readonly connections: number
}

export interface LdapTls {
  /** PEM; the system's own where null. */
  readonly ca: string | null
  /** Client certificate and key, PEM. */
  readonly certificate: string | null
  readonly key: string | null
}

export type LdapBind =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'simple'; readonly dn: string; readonly password: string }
  /** By the client certificate (SASL EXTERNAL, RFC 4422 appendix A). */
  | { readonly kind: 'external' }

/** Which entries are people, and which attribute means what. */
export interface LdapUsers {
  readonly base: string
  readonly filter: string
  readonly attributes: {
    /** Login name; name@main domain is always an own address. */
    readonly user: string
    /** Further own addresses. */
    readonly addresses: readonly string[]
    /** Where mail to the own addresses goes. */
    readonly forward: string
    /** Hash with its scheme; null where passwords are kept elsewhere. */
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
}
