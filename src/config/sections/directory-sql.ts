// `directory.sql`: the database and its queries.

import { z } from 'zod'
import { isLoopbackHost } from '../../lib/ip-address.ts'
import { readPassword } from '../read-files.ts'
import type { SectionReader } from '../section.ts'
import { duration, hostAndPort, path, text } from '../values.ts'
import { type ClientTls, clientTlsSchema, readClientTls, sharedKeys } from './directory-keys.ts'

const QUERY_EXPECTED = 'the name of a table or view, or a SELECT'
const query = text(QUERY_EXPECTED).regex(/^(?:[a-z_][\w.]*|\s*(?:select|with)\s[\s\S]+)$/i, { error: QUERY_EXPECTED })

export const sqlSchema = z.strictObject({
  name: text('a name')
    .regex(/^[\w-]{1,32}$/, { error: 'a name of letters and digits' })
    .default('sql')
    .describe('Name of the source in explanations: sql:NAME:table/key.'),
  engine: z.enum(['sqlite', 'postgresql', 'mysql']).describe('Database engine; mysql includes MariaDB.'),
  file: path.optional().describe('SQLite: the database file.'),
  host: hostAndPort.optional().describe('PostgreSQL, MySQL: server with an optional port.'),
  socket: path
    .optional()
    .describe('PostgreSQL: directory of the Unix socket; MySQL: the Unix socket. Use it instead of `host`.'),
  database: text('a name').optional().describe('PostgreSQL, MySQL: database.'),
  user: text('a name').optional().describe('PostgreSQL, MySQL: user. Read access is enough.'),
  password_file: path.optional().describe('File with the password of the user on its first line.'),
  tls: clientTlsSchema
    .optional()
    .describe('TLS to the server with a verified certificate. Required unless the server is on loopback.'),
  users: query.optional().describe('Columns `name` and, if the table has passwords, `password`.'),
  addresses: query.optional().describe('Columns `name` and `address`: further addresses of users.'),
  aliases: query.optional().describe('Columns `address` and `target`, one row per target.'),
  forwards: query.optional().describe('Columns `address` and `target`, one row per target.'),
  domains: sharedKeys.domains,
  refresh: sharedKeys.refresh,
  timeout: duration.prefault('10s').describe('Time limit of a connection and of each query.'),
  max_shrink: sharedKeys.max_shrink,
})

type SqlFile = z.output<typeof sqlSchema>

export interface SqlConfig extends Omit<SqlFile, 'tls' | 'password_file'> {
  /** Null: no TLS. */
  readonly tls: ClientTls | null
  readonly password: string | null
}

export function readSql(sql: SqlFile, reader: SectionReader): SqlConfig {
  const { password_file, ...keys } = sql
  if (!sql.users && !sql.addresses && !sql.aliases && !sql.forwards)
    reader.report([], 'found no query, expected at least one of users, addresses, aliases, forwards')
  if (sql.engine === 'sqlite') checkSqlite(sql, reader)
  else checkServer(sql, reader)
  return {
    ...keys,
    file: sql.file === undefined ? undefined : reader.locate(sql.file),
    tls: sql.tls === undefined ? null : readClientTls(sql.tls, reader.below('tls')),
    password: password_file === undefined ? null : readPassword(reader, ['password_file'], password_file),
  }
}

function checkSqlite(sql: SqlFile, reader: SectionReader): void {
  if (sql.file === undefined) reader.report(['file'], 'found nothing, expected the database file of SQLite')
  for (const key of ['host', 'socket', 'database', 'user', 'password_file', 'tls'] as const)
    if (sql[key] !== undefined) reader.report([key], 'found a value, expected none with engine: sqlite')
}

function checkServer(sql: SqlFile, reader: SectionReader): void {
  if (sql.file !== undefined) reader.report(['file'], `found a value, expected none with engine: ${sql.engine}`)
  if ((sql.host === undefined) === (sql.socket === undefined))
    reader.report([], 'found both or none of host and socket, expected one of them')
  for (const key of ['database', 'user'] as const)
    if (sql[key] === undefined) reader.report([key], 'found nothing, expected a name')
  if (sql.host && !sql.tls && !isLoopbackHost(sql.host.host))
    reader.report(
      ['host'],
      `found ${sql.host.host} without tls, expected tls: {} or more: password hashes must not cross the network in cleartext`,
    )
}
