// What no schema can say of `directory:`: passwords and password hashes never cross a network in the clear, and what belongs together is there.

import { isLoopbackHost } from '../lib/ip-address.ts'
import type { Config } from './config.ts'
import type { LdapConfig, SqlConfig } from './directory-files.ts'
import type { Report } from './problem.ts'

export function checkDirectory(config: Config, report: Report): void {
  const { ldap, sql } = config.directory
  if (ldap) checkLdap(ldap, report)
  if (sql) checkSql(sql, report)
}

/** True if passwords can come from there. */
export function directoryHasPasswords(config: Config): boolean {
  const { ldap, sql } = config.directory
  return ldap !== null || sql?.users !== undefined
}

function checkLdap(ldap: LdapConfig, report: Report): void {
  const { bind, tls, starttls } = ldap
  const at = (...path: (string | number)[]) => ['directory', 'ldap', ...path]
  for (const [index, url] of ldap.urls.entries()) {
    const { hostname } = new URL(url)
    if (url.toLowerCase().startsWith('ldap:') && !starttls && !isLoopbackHost(hostname))
      report(
        at('urls', index),
        `directory.ldap.urls: found ${url} without starttls, expected ldaps:// or starttls: true: hashes of passwords would cross the network in the clear`,
      )
  }
  checkPair(tls, at('tls'), report)
  if (ldap.passwords === 'bind' && ldap.mode !== 'live')
    report(
      at('passwords'),
      'directory.ldap.passwords: found bind with mode: mirror, expected mode: live: a mirror checks passwords without the server',
    )
  if (bind.external && (tls.certificate === null || bind.dn !== null))
    report(at('bind'), 'directory.ldap.bind: found external: true, expected tls.certificate and tls.key, and no dn')
  if (!bind.external && (bind.dn === null) !== (bind.password === null))
    report(at('bind'), 'directory.ldap.bind: found half of dn and password_file, expected both or none')
}

function checkSql(sql: SqlConfig, report: Report): void {
  const at = (...path: string[]) => ['directory', 'sql', ...path]
  if (!sql.users && !sql.addresses && !sql.aliases && !sql.forwards)
    report(at(), 'directory.sql: found no query, expected at least one of users, addresses, aliases, forwards')
  if (sql.tls) checkPair(sql.tls, at('tls'), report)
  if (sql.engine === 'sqlite') {
    if (sql.file === undefined) report(at(), 'directory.sql.file: found nothing, expected the database file of SQLite')
    for (const key of ['host', 'socket', 'database', 'user', 'password', 'tls'] as const) {
      if (sql[key] !== undefined && sql[key] !== null)
        report(at(key), `directory.sql.${key}: found a value, expected none with engine: sqlite`)
    }
    return
  }
  if (sql.file !== undefined)
    report(at('file'), `directory.sql.file: found a value, expected none with engine: ${sql.engine}`)
  if ((sql.host === undefined) === (sql.socket === undefined))
    report(at(), 'directory.sql: found both or none of host and socket, expected one of them')
  for (const key of ['database', 'user'] as const)
    if (sql[key] === undefined) report(at(), `directory.sql.${key}: found nothing, expected a name`)
  if (sql.host && !sql.tls && !isLoopbackHost(sql.host.host))
    report(
      at('host'),
      `directory.sql.host: found ${sql.host.host} without tls, expected tls: {} or more: hashes of passwords would cross the network in the clear`,
    )
}

function checkPair(
  tls: { readonly certificate: string | null; readonly key: string | null },
  path: (string | number)[],
  report: Report,
): void {
  if ((tls.certificate === null) !== (tls.key === null))
    report(path, `${path.join('.')}: found half of certificate and key, expected both or none`)
}
