// Config → the settings of the LDAP and SQL sources.

import type { Config } from '../config/config.ts'
import type { LdapConfig } from '../config/sections/directory-ldap.ts'
import type { SqlConfig } from '../config/sections/directory-sql.ts'
import type { LdapLiveSettings } from '../directory/ldap/ldap-live.ts'
import type { LdapPasswordSettings } from '../directory/ldap/ldap-password.ts'
import type { LdapBind } from '../directory/ldap/ldap-settings.ts'
import type { LiveSettings } from '../directory/live-source.ts'
import type { MirrorSettings } from '../directory/snapshots/mirror.ts'
import type { MirrorChoice, SourceSettings } from '../directory/source-set.ts'
import type { SqlEngine, SqlSettings } from '../directory/sql/sql-settings.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { snapshotDirectory } from './node-paths.ts'

/** Name of the LDAP source. */
const LDAP = 'ldap'

/** The sources that the configuration names; LDAP has precedence over SQL. */
export function sourceSettings(config: Config): SourceSettings {
  const { ldap, sql } = config.directory
  const mirrors: MirrorChoice[] = []
  if (ldap?.mode === 'mirror')
    mirrors.push({
      key: 'ldap',
      settings: mirrorSettings(config, LDAP, ldap),
      directory: snapshotDirectory(config, 'ldap'),
      source: ldapSettings(config, ldap),
    })
  if (sql)
    mirrors.push({
      key: 'sql',
      settings: mirrorSettings(config, `sql:${sql.name}`, sql),
      directory: snapshotDirectory(config, 'sql'),
      source: sqlSettings(sql),
    })
  return {
    mirrors,
    live: ldap?.mode === 'live' ? { cache: liveSettings(config, ldap), ldap: ldapSettings(config, ldap) } : null,
  }
}

function ldapSettings(config: Config, ldap: LdapConfig): LdapLiveSettings {
  const { base, filter, attributes, aliases, referrals } = ldap
  const domains = domainsOf(config, ldap)
  return {
    urls: ldap.urls,
    startTls: ldap.starttls,
    tls: ldap.tls,
    bind: bindOf(ldap),
    timeoutMs: ldap.timeout,
    connections: ldap.connections,
    passwords: ldap.passwords,
    referrals,
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

/** How passwords in LDAP are changed; null if they are not. */
export function ldapPasswordSettings(config: Config): LdapPasswordSettings | null {
  const { ldap } = config.directory
  const write = config.self_service?.ldap
  if (!ldap || !write) return null
  const attribute = write.change === 'modify' ? ldap.attributes.password : null
  return { server: ldapSettings(config, ldap), attribute, account: write.account }
}

function liveSettings(config: Config, ldap: LdapConfig): LiveSettings {
  const { found, absent, keep } = ldap.cache
  return { name: LDAP, domains: domainsOf(config, ldap), foundMs: found, absentMs: absent, keepMs: keep }
}

function sqlSettings(sql: SqlConfig): SqlSettings {
  const { users = null, addresses = null, aliases = null, forwards = null } = sql
  return {
    name: sql.name,
    engine: engineOf(sql),
    queries: { users, addresses, aliases, forwards },
    timeoutMs: sql.timeout,
  }
}

function mirrorSettings(config: Config, name: string, source: LdapConfig | SqlConfig): MirrorSettings {
  return {
    name,
    mainDomain: config.domain,
    domains: domainsOf(config, source),
    refreshMs: source.refresh,
    maxShrinkage: source.max_shrink / 100,
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

/** The configuration checks guarantee the keys that each engine needs. */
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
