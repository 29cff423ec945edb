// TLS files of LDAP and SQL servers.

export interface SourceTls {
  /** PEM; null for the system's certificate authorities. */
  readonly ca: string | null
  /** Client certificate and key, PEM. */
  readonly certificate: string | null
  readonly key: string | null
}

/** The files as options of node:tls, which the database drivers take, too. */
export function tlsFileOptions(tls: SourceTls | null): {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
} {
  return {
    ...(tls?.ca ? { ca: tls.ca } : {}),
    ...(tls?.certificate && tls.key ? { cert: tls.certificate, key: tls.key } : {}),
  }
}
