// The contract of an engine: run these statements in one read-only transaction, so that all see the same moment, and end.
// Room: directory. Throws what the driver says; whoever calls keeps the deadline.

import type { Row } from './sql-rows.ts'

export interface ReadRequest {
  readonly statements: readonly string[]
  readonly timeoutMs: number
  /** Aborted when nobody waits any more: the connection has to go. */
  readonly signal: AbortSignal
}

/** The rows of each statement, in their order. */
export type ReadSql = (request: ReadRequest) => Promise<readonly (readonly Row[])[]>
