// Reads PostgreSQL with the pg driver, which is loaded only here.

import { Socket } from 'node:net'
import type { ReadSql } from './sql-reader.ts'
import { tlsFileOptions } from '../source-tls.ts'
import type { SqlServer } from './sql-settings.ts'

const DEFAULT_PORT = 5432

export function createPostgresqlReader(server: SqlServer): ReadSql {
  return async ({ statements, timeoutMs, signal }) => {
    const { Client } = await import('pg')
    const socket = new Socket()
    const client = new Client({
      stream: () => socket,
      host: server.socket ?? server.host ?? undefined,
      port: server.port === 0 ? DEFAULT_PORT : server.port,
      database: server.database,
      user: server.user,
      password: server.password ?? undefined,
      ssl: server.tls === null ? false : tlsOptions(server),
      connectionTimeoutMillis: timeoutMs,
      // Enforced by the server, and here if the server does not answer.
      statement_timeout: timeoutMs,
      query_timeout: timeoutMs,
      application_name: 'waypost',
      // Values stay as the text that the server sends.
      types: { getTypeParser: () => (value: unknown) => value },
    })
    // A broken connection rejects the pending query; without a listener, 'error' would crash the process.
    client.on('error', () => undefined)
    // client.end() waits for the server.
    const end = () => socket.destroy()
    signal.addEventListener('abort', end, { once: true })
    try {
      await client.connect()
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      const answers = []
      for (const statement of statements) answers.push((await client.query(statement)).rows)
      await client.query('COMMIT')
      return answers
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }
}

function tlsOptions({ tls, host }: SqlServer) {
  return {
    rejectUnauthorized: true,
    ...(host === null ? {} : { servername: host }),
    ...tlsFileOptions(tls),
  }
}
