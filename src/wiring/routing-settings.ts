// Config → what routing needs to know of the role.

import type { MachineSenders, RouterSettings } from '../route/router-settings.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import type { Config } from '../config/config.ts'
import type { SrsConfig } from '../config/sections/srs-section.ts'
import type { SrsSettings } from '../route/srs/srs.ts'

export interface RouterParts {
  readonly machines: readonly MachineSenders[]
  /** Where senders too long for SRS are kept; questions that store nothing have none. */
  readonly tokens: TokenStore | null
}

const DAY_MS = 86_400_000

/** How this node writes and reads SRS addresses. */
export function srsSettings(srs: SrsConfig): SrsSettings {
  return {
    domain: srs.domain,
    secrets: srs.secrets,
    maxAgeDays: Math.round(srs.max_age / DAY_MS),
    hashLength: srs.hash_length,
    hashMinimum: srs.hash_minimum,
  }
}

export function routerSettings(config: Config, parts: RouterParts): RouterSettings {
  // This node comes behind one that has resolved and copied already, and may know newer data.
  const behind = config.role.checks.includes('peer-results')
  const { recipients, srs } = config.role
  return {
    own: recipients.own,
    forwards: recipients.forwards,
    // Our own notices may go wherever their recipient is.
    relayFor: [...new Set([...recipients.relay, 'local' as const])],
    ...(config.smarthost === undefined ? {} : { nextHops: { world: config.smarthost } }),
    copies: !behind,
    unknownFromPeer: behind ? 'defer' : 'refuse',
    ...(config.srs === null
      ? {}
      : {
          srs: {
            ...srsSettings(config.srs),
            reverse: srs.reverse,
            rewrite: srs.rewrite,
            ...(parts.tokens ? { tokens: parts.tokens } : {}),
          },
        }),
    postmaster: config.postmaster,
    machines: parts.machines,
  }
}
