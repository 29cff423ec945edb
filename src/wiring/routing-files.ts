// Config → the settings for reading the files of routing data.

import type { Config } from '../config/config.ts'
import { domainOf } from '../smtp/mailbox.ts'
import type { Fact } from '../directory/hiera/hiera-scope.ts'
import type { DirectorySettings } from '../directory/load-directory.ts'
import type { ExternalSource } from '../directory/external-source.ts'

/** The sections that say where the routing data are. */
export type RoutingSections = Pick<Config, 'hostname' | 'domain' | 'role' | 'facts' | 'hiera' | 'mail' | 'directory'>

/** The settings of `loadDirectory`. `sources` are the LDAP and SQL sources; empty where they are not read. */
export function routingFiles(config: RoutingSections, sources: readonly ExternalSource[]): DirectorySettings {
  return { ...settingsOf(config), ...sourceRules(config, sources) }
}

/** An address that only a source knows is not a mistake in the files, and mistakes in a source do not invalidate the files. */
function sourceRules(
  { directory }: RoutingSections,
  sources: readonly ExternalSource[],
): Pick<DirectorySettings, 'isKnownElsewhere' | 'graph'> {
  if (!directory.ldap && !directory.sql) return {}
  // Sources that start with this reload may know any address.
  if (sources.length === 0) return { isKnownElsewhere: () => true, graph: { dangling: 'warning' } }
  const isKnownElsewhere = (key: string) => {
    const domain = domainOf(key)
    return sources.some((source) => source.domains.has(domain) && source.mayHave(key))
  }
  return { isKnownElsewhere, graph: { dangling: 'warning' } }
}

function settingsOf(config: RoutingSections): DirectorySettings {
  const [host = config.hostname] = config.hostname.split('.')
  return {
    mainDomain: config.domain,
    hiera: config.hiera,
    mail: config.mail,
    scope: {
      facts: {
        hostname: host,
        fqdn: config.hostname,
        domain: config.domain,
        role: config.role.role,
        ...(config.facts as Record<string, Fact>),
      },
      certname: config.hostname,
    },
  }
}
