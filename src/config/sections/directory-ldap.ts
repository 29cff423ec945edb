// `directory.ldap`: the server, the search for users and aliases, and the bind.

import { z } from 'zod'
import { isLoopbackHost } from '../../lib/ip-address.ts'
import { readPassword } from '../read-files.ts'
import type { SectionReader } from '../section.ts'
import { count, duration, flag, path, text } from '../values.ts'
import { type ClientTls, clientTlsSchema, readClientTls, sharedKeys } from './directory-keys.ts'

const URL_EXPECTED = 'ldaps://host or ldap://host, with an optional port'
const ldapUrl = text(URL_EXPECTED).regex(/^ldaps?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i, {
  error: URL_EXPECTED,
})
const attribute = text('an attribute name').regex(/^[a-z][a-z0-9;-]*$/i, { error: 'an attribute name such as uid' })
const FILTER_EXPECTED = 'an LDAP filter such as (objectClass=inetOrgPerson)'
const filter = text(FILTER_EXPECTED).refine(isBalanced, { error: FILTER_EXPECTED })

const bindSchema = z.strictObject({
  dn: text('a DN').optional().describe('DN of the bind; default: anonymous.'),
  password_file: path.optional().describe('File with the password of the DN on its first line.'),
  external: flag.default(false).describe('Bind with the client certificate (SASL EXTERNAL) instead of a password.'),
})

const userAttributes = z.strictObject({
  user: attribute.default('uid').describe('Login name. LOGIN@domain is always an address of the user.'),
  addresses: z.array(attribute).default([]).describe('Attributes with further addresses of the user.'),
  forward: attribute.default('emailForward').describe("Target of mail to the user's addresses; one or more values."),
  password: attribute
    .default('mailPassword')
    .describe('Password hash with its scheme. In live mode it is read only at a login.'),
})

const aliasesSchema = z.strictObject({
  base: text('a DN').describe('Search base of aliases.'),
  filter: filter.default('(objectClass=nisMailAlias)').describe('Filter for entries that are aliases.'),
  address: attribute.default('cn').describe('Attribute with the address or its local part.'),
  targets: attribute.default('rfc822MailMember').describe('Attribute with the target addresses.'),
})

const cacheSchema = z.strictObject({
  found: duration.prefault('5m').describe('Lifetime of a found address or user.'),
  absent: duration.prefault('1m').describe('Lifetime of an unknown address or user.'),
  keep: duration.prefault('7d').describe('Lifetime of a found address or user while no server answers.'),
})

export const ldapSchema = z.strictObject({
  urls: z.array(ldapUrl).min(1).describe('Servers, in the order of preference.'),
  starttls: flag.default(false).describe('Use StartTLS on ldap:// URLs before the bind.'),
  tls: clientTlsSchema.prefault({}).describe('Certificates.'),
  bind: bindSchema.prefault({}).describe('Identity of this node at the servers.'),
  mode: z
    .enum(['mirror', 'live'])
    .default('mirror')
    .describe('mirror: read everything at intervals and answer from memory; live: query the server for each address.'),
  passwords: z
    .enum(['hash', 'bind'])
    .default('hash')
    .describe(
      'hash: compare with the password attribute; bind: bind to the server as the user. bind needs mode: live and is for servers whose hashes cannot be read.',
    ),
  base: text('a DN').describe('Search base of users, such as ou=people,dc=example,dc=org.'),
  filter: filter.default('(objectClass=*)').describe('Filter for entries that are users.'),
  attributes: userAttributes.prefault({}).describe('Names of attributes; defaults as in userdir-ldap.'),
  aliases: aliasesSchema.optional().describe('Entries that are aliases.'),
  referrals: z
    .enum(['refuse', 'ignore'])
    .default('refuse')
    .describe(
      'References to parts of the tree on other servers, which are not followed. refuse: the answer is incomplete; ignore: these parts have no users. The DNS and configuration partitions of Active Directory are always ignored.',
    ),
  domains: sharedKeys.domains,
  refresh: sharedKeys.refresh,
  timeout: duration.prefault('10s').describe('Time limit of a connection with its bind, and of each answer.'),
  connections: count('a whole number from 1').default(4).describe('Maximum number of connections.'),
  max_shrink: sharedKeys.max_shrink,
  cache: cacheSchema.prefault({}).describe('Cache of the live mode.'),
})

type LdapFile = z.output<typeof ldapSchema>

export interface LdapConfig extends Omit<LdapFile, 'tls' | 'bind'> {
  readonly tls: ClientTls
  readonly bind: { readonly dn: string | null; readonly password: string | null; readonly external: boolean }
}

export function readLdap(ldap: LdapFile, reader: SectionReader): LdapConfig {
  const { dn = null, password_file, external } = ldap.bind
  checkUrls(ldap, reader)
  checkBind(ldap, reader)
  const password = password_file === undefined ? null : readPassword(reader, ['bind', 'password_file'], password_file)
  return { ...ldap, tls: readClientTls(ldap.tls, reader.below('tls')), bind: { dn, password, external } }
}

function checkUrls({ urls, starttls }: LdapFile, reader: SectionReader): void {
  for (const [index, url] of urls.entries()) {
    const host = new URL(url).hostname
    if (url.toLowerCase().startsWith('ldap:') && !starttls && !isLoopbackHost(host))
      reader.report(
        ['urls', index],
        `found ${url} without starttls, expected ldaps:// or starttls: true: password hashes must not cross the network in cleartext`,
      )
  }
}

function checkBind({ bind, tls, passwords, mode }: LdapFile, reader: SectionReader): void {
  if (passwords === 'bind' && mode !== 'live')
    reader.report(['passwords'], 'found bind with mode: mirror, expected mode: live: a mirror compares hashes itself')
  if (bind.external && (tls.certificate === undefined || bind.dn !== undefined))
    reader.report(['bind'], 'found external: true, expected tls.certificate and tls.key, and no dn')
  if (!bind.external && (bind.dn === undefined) !== (bind.password_file === undefined))
    reader.report(['bind'], 'found one of dn and password_file, expected both or none')
}

/** Parentheses balance and enclose the whole text (RFC 4515 3). The server parses the rest. */
function isBalanced(written: string): boolean {
  let depth = 0
  for (let at = 0; at < written.length; at += 1) {
    if (written[at] === '(') depth += 1
    if (written[at] === ')') depth -= 1
    if (depth < 1 && at < written.length - 1) return false
  }
  return depth === 0 && written.length > 2
}
