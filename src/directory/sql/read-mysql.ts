// Reads MySQL and MariaDB with the mysql2 driver, which is loaded only here.

import type { ReadSql } from './sql-reader.ts'
import type { Row } from './sql-rows.ts'
import { tlsFileOptions } from '../source-tls.ts'
import type { SqlServer } from './sql-settings.ts'

const DEFAULT_PORT = 3306

export function createMysqlReader(server: SqlServer): ReadSql {
  return async ({ statements, timeoutMs, signal }) => {
    const { createConnection } = await import('mysql2/promise')
    const connection = await createConnection({
      ...(server.socket === null
        ? { host: server.host ?? undefined, port: server.port === 0 ? DEFAULT_PORT : server.port }
        : { socketPath: server.socket }),
      database: server.database,
      user: server.user,
      password: server.password ?? undefined,
      ...(server.tls === null ? {} : { ssl: tlsOptions(server) }),
      connectTimeout: timeoutMs,
      charset: 'utf8mb4',
    })
    connection.on('error', () => undefined)
    const end = () => connection.destroy()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    try {
      await connection.query('SET SESSION TRANSACTION READ ONLY')
      await limitStatements(timeoutMs, (sql) => connection.query(sql))
      await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
      const answers: (readonly Row[])[] = []
      for (const sql of statements) {
        const [rows] = await connection.query({ sql, timeout: timeoutMs })
        answers.push(rows as Row[])
      }
      return answers
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }
}

/** Sets the limit on the server: MariaDB has a variable in seconds, MySQL another one in milliseconds. */
async function limitStatements(timeoutMs: number, query: (sql: string) => Promise<unknown>): Promise<void> {
  await query(`SET SESSION max_statement_time = ${timeoutMs / 1000}`).catch(() =>
    query(`SET SESSION max_execution_time = ${timeoutMs}`),
  )
}

function tlsOptions({ tls, host }: SqlServer) {
  return {
    rejectUnauthorized: true,
    verifyIdentity: host !== null,
    minVersion: 'TLSv1.2',
    ...tlsFileOptions(tls),
  }
}
