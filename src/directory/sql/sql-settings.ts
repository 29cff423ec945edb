// The settings of the SQL source, with all files read and all values checked.

import type { SourceTls } from '../source-tls.ts'

export interface SqlServer {
  /** Host and port, or a Unix socket. */
  readonly host: string | null
  /** 0 for the engine's default port. */
  readonly port: number
  readonly socket: string | null
  readonly database: string
  readonly user: string
  readonly password: string | null
  readonly tls: SourceTls | null
}

export type SqlEngine =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgresql' | 'mysql'; readonly server: SqlServer }

/** Names of tables or views, or SELECT statements; null for a kind that the database does not have. */
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
  /** Limit for the connection, and for each query, ms. */
  readonly timeoutMs: number
}
