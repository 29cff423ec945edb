// A database as a mirrored source: the queries in one read-only transaction, with a deadline around everything.

import type { Clock } from '../../lib/clock.ts'
import { orAborted, withDeadline } from '../deadline.ts'
import type { Fetched, MirrorSource } from '../snapshots/mirror-source.ts'
import { createMysqlReader } from './read-mysql.ts'
import { createPostgresqlReader } from './read-postgresql.ts'
import { createSqliteReader } from './read-sqlite.ts'
import type { ReadSql } from './sql-reader.ts'
import { isTable, MissingColumn, readRows, WrongColumn } from './sql-rows.ts'
import type { Row, SqlAnswers } from './sql-rows.ts'
import type { SqlEngine, SqlQueries, SqlSettings } from './sql-settings.ts'

/** More rows of one kind are a wrong join, and would fill the memory. */
const ROW_LIMIT = 1_000_000

const kinds = ['users', 'addresses', 'aliases', 'forwards'] as const satisfies readonly (keyof SqlQueries)[]

/** `ports.read` is for tests; the engine's own reader is the default. */
export function createSqlMirror(
  settings: SqlSettings,
  ports: { readonly clock: Clock; readonly read?: ReadSql },
): MirrorSource {
  const { clock, read = readerOf(settings.engine) } = ports
  return {
    fetch: (signal) => fetchAll(settings, { clock, read }, signal),
    close: () => Promise.resolve(),
  }
}

async function fetchAll(
  settings: SqlSettings,
  { clock, read }: { readonly clock: Clock; readonly read: ReadSql },
  signal: AbortSignal,
): Promise<Fetched> {
  const { queries, timeoutMs } = settings
  const asked = kinds.filter((kind) => queries[kind] !== null)
  const statements = asked.map((kind) => statementOf(queries[kind] as string))
  // Connect, run each query, close.
  const ms = timeoutMs * (asked.length + 2)
  try {
    const rows = await withDeadline({ clock, ms, reason: `no answer within ${ms / 1000} s`, signal }, (deadline) =>
      orAborted(read({ statements, timeoutMs, signal: deadline }), deadline),
    )
    const full = asked.find((_kind, index) => (rows[index]?.length ?? 0) > ROW_LIMIT)
    if (full) return { kind: 'partial', cause: `the query for ${full} has more than ${ROW_LIMIT} rows` }
    return { kind: 'whole', content: readRows(answersOf(asked, rows), settings) }
  } catch (error) {
    if (error instanceof MissingColumn || error instanceof WrongColumn) return { kind: 'partial', cause: error.message }
    return { kind: 'unavailable', cause: describe(error as Error) }
  }
}

function answersOf(asked: readonly (keyof SqlQueries)[], rows: readonly (readonly Row[])[]): SqlAnswers {
  const answers: { -readonly [K in keyof SqlAnswers]: readonly Row[] } = {
    users: [],
    addresses: [],
    aliases: [],
    forwards: [],
  }
  asked.forEach((kind, index) => {
    answers[kind] = rows[index] ?? []
  })
  return answers
}

function statementOf(query: string): string {
  const given = isTable(query) ? `SELECT * FROM ${query}` : query.trim().replace(/;$/, '')
  // A comment ends with its line; without the line break it would hide the text after the query.
  const inner = /--|#/.test(given) ? `${given}\n` : given
  return `SELECT * FROM (${inner}) AS waypost_rows LIMIT ${ROW_LIMIT + 1}`
}

function readerOf(engine: SqlEngine): ReadSql {
  if (engine.kind === 'sqlite') return createSqliteReader(engine.file)
  return engine.kind === 'postgresql' ? createPostgresqlReader(engine.server) : createMysqlReader(engine.server)
}

/** An AggregateError of a connection has its message inside. */
function describe(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  return error.message === '' ? (inner?.message ?? 'no connection') : error.message
}
