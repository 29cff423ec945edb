// The settings of the SQL source, with all files read and all values checked.

export interface SqlTls {
  /** PEM; the system's own where null. */
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
}

export interface SqlServer {
  /** Host and port, or a Unix socket. */
  readonly host: string | null
  /** 0: the engine's usual one. */
  readonly port: number
  readonly socket: string | null
  readonly database: string
  readonly user: string
  readonly password: string | null
  readonly tls: SqlTls | null
}

export type SqlEngine =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgresql' | 'mysql'; readonly server: SqlServer }

/** Names of tables or views, or SELECT statements; null where a kind is not kept there. */
export interface SqlQueries {
  readonly users: string | null
  readonly addresses: string | null
  readonly aliases: string | null
  readonly forwards: string | null
}

export interface SqlSettings {
  readonly name: string
  readonly engine: SqlEngine
  readonly queries: SqlQueries
  /** Longest wait for the connection, and for each query; milliseconds. */
  readonly timeoutMs: number
}
