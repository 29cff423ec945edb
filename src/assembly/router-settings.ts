// Config → what routing needs to know of the role.

import type { MachineSenders, RouterSettings } from '../route/router-settings.ts'
import type { Config } from '../config/config.ts'

const DAY_MS = 86_400_000

export function routerSettings(config: Config, machines: readonly MachineSenders[]): RouterSettings {
  const { recipients, srs } = config.role
  return {
    own: recipients.own,
    forwards: recipients.forwards,
    // Our own notices may go wherever their recipient is.
    relayFor: [...new Set([...recipients.relay, 'local' as const])],
    ...(config.smarthost === undefined ? {} : { nextHops: { world: config.smarthost } }),
    // A node that resolves what others hand over comes behind one that has made the copies already.
    copies: !config.role.checks.includes('trust-results'),
    ...(config.srs === null
      ? {}
      : {
          srs: {
            domain: config.srs.domain,
            secrets: config.srs.secrets,
            maxAgeDays: Math.round(config.srs.max_age / DAY_MS),
            reverse: srs.reverse,
            rewrite: srs.rewrite,
          },
        }),
    postmaster: config.postmaster,
    machines,
  }
}
