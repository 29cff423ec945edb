// Config → what the directory room needs to read this node's files of routing data.

import type { Config } from '../config/config.ts'
import { domainOf } from '../smtp/mailbox.ts'
import type { Fact } from '../directory/hiera/hiera-scope.ts'
import type { DirectorySettings } from '../directory/load-directory.ts'
import type { ExternalSource } from '../directory/external-source.ts'

/** The settings for `loadDirectory`; `sources` stand beside the files, empty where they are not asked. */
export function routingFiles(config: Config, sources: readonly ExternalSource[]): DirectorySettings {
  return { ...settingsOf(config), ...besideFiles(config, sources) }
}

/** An address that a source knows, or may know, is no mistake of the files; and what people write there is no reason to refuse them. */
function besideFiles(
  { directory }: Config,
  list: readonly ExternalSource[],
): Pick<DirectorySettings, 'isKnownElsewhere' | 'graph'> {
  if (!directory.ldap && !directory.sql) return {}
  // Sources that a reload is about to bring may know anything.
  if (list.length === 0) return { isKnownElsewhere: () => true, graph: { dangling: 'warning' } }
  const isKnownElsewhere = (key: string) => {
    const domain = domainOf(key)
    return list.some((source) => source.domains.has(domain) && source.mayKnow(key))
  }
  return { isKnownElsewhere, graph: { dangling: 'warning' } }
}

function settingsOf(config: Config): DirectorySettings {
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
