// The keys of `directory:` in a node's YAML: LDAP and SQL beside the files of routing data.

import { z } from 'zod'
import { count, duration, flag, hostAndPort, hostName, text } from './values.ts'

const path = text('a path')
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const ldapUrl = text('ldaps://host or ldap://host, with an optional port').regex(
  /^ldaps?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i,
  { error: 'ldaps://host or ldap://host, with an optional port' },
)
const attribute = text('an attribute name').regex(/^[a-z][a-z0-9;-]*$/i, { error: 'an attribute name such as uid' })
const filterExpected = 'an LDAP filter such as (objectClass=inetOrgPerson)'
const filter = text(filterExpected).refine(isBalanced, { error: filterExpected })

const tls = z.strictObject({
  ca: path.optional().describe("PEM file: who signs the server's certificate; the system's own where not given."),
  certificate: path.optional().describe('PEM file: our client certificate.'),
  key: path.optional().describe('PEM file: its private key.'),
})

const domains = z
  .array(hostName)
  .optional()
  .describe('Domains whose addresses it may name; only the main domain where not given.')
const refresh = duration
  .refine((ms) => ms >= 1000, { error: 'at least 1s' })
  .default(5 * MINUTE_MS)
  .describe('Time between two readings of the whole.')
const maxShrink = z
  .int({ error: 'a percentage' })
  .min(0)
  .max(100)
  .default(40)
  .describe('A reading that lost more than this percentage is refused until `waypost directory accept`.')

const bind = z.strictObject({
  dn: text('a DN').optional().describe('Who we are; anonymous where not given.'),
  password_file: path.optional().describe('File with the password of the DN.'),
  external: flag.default(false).describe('By client certificate (SASL EXTERNAL) instead of a password.'),
})

const userAttributes = z.strictObject({
  user: attribute.default('uid').describe('Login name; name@domain is always an own address.'),
  addresses: z.array(attribute).default([]).describe('Attributes with further own addresses.'),
  forward: attribute.default('emailForward').describe('Where mail to the own addresses goes; one or more values.'),
  password: attribute
    .default('mailPassword')
    .describe('Hash of the password with its scheme; live it is read at a login only.'),
})

const ldap = z.strictObject({
  urls: z.array(ldapUrl).min(1).describe('Servers, in the order in which they are tried.'),
  starttls: flag.default(false).describe('StartTLS on ldap:// before anything else.'),
  tls: tls.prefault({}).describe('Certificates.'),
  bind: bind.prefault({}).describe('Who we are to the servers.'),
  mode: z
    .enum(['mirror', 'live'])
    .default('mirror')
    .describe('mirror: read whole, again and again, answered from memory; live: asked for each address.'),
  passwords: z
    .enum(['hash', 'bind'])
    .default('hash')
    .describe(
      'hash: checked here by what the password attribute holds; bind: by the server, in a bind as the person, for mode: live where no hash can be read.',
    ),
  base: text('a DN').describe('Where people are, such as ou=people,dc=example,dc=org.'),
  filter: filter.default('(objectClass=*)').describe('Which entries below the base are people.'),
  attributes: userAttributes.prefault({}).describe('Which attribute means what; defaults as in userdir-ldap.'),
  aliases: z
    .strictObject({
      base: text('a DN').describe('Where aliases are.'),
      filter: filter.default('(objectClass=nisMailAlias)').describe('Which entries are aliases.'),
      address: attribute.default('cn').describe('Attribute with the address or its local part.'),
      targets: attribute.default('rfc822MailMember').describe('Attribute with the addresses it leads to.'),
    })
    .optional()
    .describe('Entries that are aliases.'),
  domains,
  refresh,
  timeout: duration.default(10_000).describe('Wait for a connection with its bind, and for each answer.'),
  connections: count('a whole number from 1').default(4).describe('Connections at most.'),
  max_shrink: maxShrink,
  cache: z
    .strictObject({
      found: duration
        .default(5 * MINUTE_MS)
        .describe('How long a found address or user counts without being asked again.'),
      absent: duration.default(MINUTE_MS).describe('How long an address or user counts as unknown.'),
      keep: duration.default(7 * DAY_MS).describe('How long a found address or user counts while no server answers.'),
    })
    .prefault({})
    .describe('Memory of the live mode.'),
})

const queryExpected = 'the name of a table or view, or a SELECT'
const query = text(queryExpected).regex(/^(?:[a-z_][\w.]*|\s*(?:select|with)\s[\s\S]+)$/i, { error: queryExpected })

const sql = z.strictObject({
  name: text('a name')
    .regex(/^[\w-]{1,32}$/, { error: 'a name of letters and digits' })
    .default('sql')
    .describe('Stands in the source of every answer: sql:NAME:table/key.'),
  engine: z.enum(['sqlite', 'postgresql', 'mysql']).describe('mysql also means MariaDB.'),
  file: path.optional().describe('SQLite: the database file.'),
  host: hostAndPort.optional().describe('PostgreSQL, MySQL: server with an optional port.'),
  socket: path
    .optional()
    .describe('Instead of a host: directory of the Unix socket (PostgreSQL) or the socket (MySQL).'),
  database: text('a name').optional().describe('PostgreSQL, MySQL: database.'),
  user: text('a name').optional().describe('PostgreSQL, MySQL: user; a right to read is enough.'),
  password_file: path.optional().describe('File with the password of the user.'),
  tls: tls.optional().describe('TLS to the server with its certificate checked; needed unless it is on loopback.'),
  users: query.optional().describe('Columns name and, if passwords are kept there, password.'),
  addresses: query.optional().describe('Columns name and address: further own addresses of users.'),
  aliases: query.optional().describe('Columns address and target, a row for each target.'),
  forwards: query.optional().describe('Columns address and target, a row for each target.'),
  domains,
  refresh,
  timeout: duration.default(10_000).describe('Wait for the connection and for each query.'),
  max_shrink: maxShrink,
})

export const directorySchema = z.strictObject({
  ldap: ldap.optional().describe('People, forwards, passwords and aliases from LDAP.'),
  sql: sql.optional().describe('The same from a database.'),
})

export type DirectoryFile = z.output<typeof directorySchema>
export type LdapFile = NonNullable<DirectoryFile['ldap']>
export type SqlFile = NonNullable<DirectoryFile['sql']>

/** Parentheses that fit each other around the whole (RFC 4515 3); the server judges the rest. */
function isBalanced(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1
    if (text[at] === ')') depth -= 1
    if (depth < 1 && at < text.length - 1) return false
  }
  return depth === 0 && text.length > 2
}
