// `directory`: routing data, users and passwords from LDAP and SQL.

import { z } from 'zod'
import { section } from '../section.ts'
import { ldapSchema, readLdap } from './directory-ldap.ts'
import { readSql, sqlSchema } from './directory-sql.ts'

const schema = z.strictObject({
  ldap: ldapSchema.optional().describe('Users, forwards, passwords and aliases from LDAP.'),
  sql: sqlSchema.optional().describe('Users, forwards, passwords and aliases from a database.'),
})

export const directory = section(
  schema.prefault({}).describe('Routing data and users from LDAP and SQL. Files take precedence.'),
  ({ ldap, sql }, reader) => ({
    ldap: ldap === undefined ? null : readLdap(ldap, reader.below('ldap')),
    sql: sql === undefined ? null : readSql(sql, reader.below('sql')),
  }),
)
