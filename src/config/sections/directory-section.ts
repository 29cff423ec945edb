// `directory`: routing data, users and passwords from LDAP and SQL.

import { z } from 'zod'
import { section } from '../section.ts'
import { sharedKeys } from './directory-keys.ts'
import { ldapSchema, readLdap } from './directory-ldap.ts'
import { readSql, sqlSchema } from './directory-sql.ts'

const schema = z.strictObject({
  ldap: ldapSchema.optional().describe('Users, forwards, passwords and aliases from LDAP.'),
  sql: sqlSchema.optional().describe('Users, forwards, passwords and aliases from a database.'),
  files: z
    .strictObject({
      max_shrink: sharedKeys.max_shrink.describe(
        'Percentage of entries that the files of routing data, users and machines may lose between two loads. More is refused until `waypost directory accept files`.',
      ),
    })
    .prefault({})
    .describe('The guard of the files of `hiera`, `mail`, `users` and `machines`.'),
})

export const directory = section(
  schema.prefault({}).describe('Routing data and users from LDAP and SQL. Files take precedence.'),
  ({ ldap, sql, files }, reader) => ({
    files,
    ldap: ldap === undefined ? null : readLdap(ldap, reader.below('ldap')),
    sql: sql === undefined ? null : readSql(sql, reader.below('sql')),
  }),
)
