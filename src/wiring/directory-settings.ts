// Config → the settings of LDAP and SQL sources and of their mirrors.

import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { LdapConfig } from '../config/sections/directory-ldap.ts'
import type { SqlConfig } from '../config/sections/directory-sql.ts'
import type { LdapLiveSettings } from '../directory/ldap/ldap-live.ts'
import type { LdapBind } from '../directory/ldap/ldap-settings.ts'
import type { LiveSettings } from '../directory/live-source.ts'
import type { MirrorSettings } from '../directory/snapshots/mirror.ts'
import type { SqlEngine, SqlSettings } from '../directory/sql/sql-settings.ts'
import { domainOf } from '../smtp/mailbox.ts'

/** Name of the LDAP source. */
const LDAP = 'ldap'

/** Where the snapshots of a source lie. */
export function snapshotDirectory(config: Pick<Config, 'data'>, source: 'ldap' | 'sql'): string {
  return join(config.data, 'directory', source)
}

export function ldapSettings(config: Config, ldap: LdapConfig): LdapLiveSettings {
  const { base, filter, attributes, aliases } = ldap
  const domains = domainsOf(config, ldap)
  return {
    urls: ldap.urls,
    startTls: ldap.starttls,
    tls: ldap.tls,
    bind: bindOf(ldap),
    timeoutMs: ldap.timeout,
    connections: ldap.connections,
    passwords: ldap.passwords,
    users: { base, filter, attributes },
    aliases: aliases
      ? {
          base: aliases.base,
          filter: aliases.filter,
          attributes: { address: aliases.address, targets: aliases.targets },
        }
      : null,
    mainDomain: config.domain,
    domains,
    isOwn: (address) => !address.includes('@') || domains.has(domainOf(address).toLowerCase()),
  }
}

export function ldapMirrorSettings(config: Config, ldap: LdapConfig): MirrorSettings {
  return mirrorSettings(config, LDAP, ldap)
}

export function ldapLiveCache(config: Config, ldap: LdapConfig): LiveSettings {
  const { found, absent, keep } = ldap.cache
  return { name: LDAP, domains: domainsOf(config, ldap), foundMs: found, absentMs: absent, keepMs: keep }
}

export function sqlSettings(sql: SqlConfig): SqlSettings {
  const { users = null, addresses = null, aliases = null, forwards = null } = sql
  return {
    name: sql.name,
    engine: engineOf(sql),
    queries: { users, addresses, aliases, forwards },
    timeoutMs: sql.timeout,
  }
}

export function sqlMirrorSettings(config: Config, sql: SqlConfig): MirrorSettings {
  return mirrorSettings(config, `sql:${sql.name}`, sql)
}

function mirrorSettings(config: Config, name: string, source: LdapConfig | SqlConfig): MirrorSettings {
  return {
    name,
    mainDomain: config.domain,
    domains: domainsOf(config, source),
    refreshMs: source.refresh,
    mostShrink: source.max_shrink / 100,
  }
}

function domainsOf(config: Config, source: LdapConfig | SqlConfig): ReadonlySet<string> {
  return new Set(source.domains ?? [config.domain])
}

function bindOf({ bind }: LdapConfig): LdapBind {
  if (bind.external) return { kind: 'external' }
  return bind.dn === null || bind.password === null
    ? { kind: 'anonymous' }
    : { kind: 'simple', dn: bind.dn, password: bind.password }
}

/** The configuration has made sure that what an engine needs is there. */
function engineOf(sql: SqlConfig): SqlEngine {
  if (sql.engine === 'sqlite') return { kind: 'sqlite', file: sql.file ?? '' }
  return {
    kind: sql.engine,
    server: {
      host: sql.host?.host ?? null,
      port: sql.host?.port ?? 0,
      socket: sql.socket ?? null,
      database: sql.database ?? '',
      user: sql.user ?? '',
      password: sql.password,
      tls: sql.tls,
    },
  }
}
