// Config → how the addresses of this host are completed.

import type { Config } from '../config/config.ts'
import type { LocalNames } from '../smtp/public-address.ts'

export function localNames({ hostname, domain, local_names: given }: Config): LocalNames {
  return {
    host: hostname.toLowerCase(),
    domain: (given.domain ?? domain).toLowerCase(),
    hosts: given.hosts.map((one) => one.toLowerCase()),
    rewrite: given.rewrite,
  }
}

/** Null on a listener whose clients are no programs of this host. */
export function localNamesOf(config: Config, admit: readonly string[]): LocalNames | null {
  return admit.includes('local') && config.role.checks.includes('local-names') ? localNames(config) : null
}
