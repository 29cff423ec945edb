// Config → the settings of the page for people.

import type { Config } from '../config/config.ts'
import type { SelfServiceListener } from '../self-service/self-service.ts'

/** Null without `self_service`. */
export function selfServiceSettings({ self_service: page, hostname, domain }: Config): SelfServiceListener | null {
  if (page === null) return null
  return {
    host: page.listen.host,
    port: page.listen.port,
    hostName: page.host_name ?? hostname,
    name: page.name ?? domain,
    domain,
    minLength: page.min_length,
    requireSecondFactor: page.require_second_factor,
    help: page.help ?? null,
  }
}
