// The contract of a database engine: run statements in one read-only transaction, so that all see the same state.

import type { Row } from './sql-rows.ts'

export interface ReadRequest {
  readonly statements: readonly string[]
  readonly timeoutMs: number
  /** Aborted at the deadline: the connection must be closed. */
  readonly signal: AbortSignal
}

/** The rows of each statement, in their order. */
export type ReadSql = (request: ReadRequest) => Promise<readonly (readonly Row[])[]>
